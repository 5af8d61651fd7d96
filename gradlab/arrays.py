"""Read an npz file that strangers' code wrote: look at everything before any memory is given to it.

``numpy.load`` unpacks first and looks later, and a pickle in it runs code. Here a member is read only after
its size, its header and its dtype are known to be harmless, and object arrays are refused by their header.
"""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

#: Bytes of all arrays of a file together, unpacked.
MAX_BYTES = 256 * 1024**2
MAX_MEMBERS = 2000
MAX_AXES = 16
#: Floating point, integers, booleans: what an answer can be made of.
KINDS = "fiub"
_MAX_HEADER = 2000


class ArraysRefused(ValueError):
    """An npz file is damaged, too large, or holds something that is not plain numbers."""


def load_arrays(
    path: Path, *, max_bytes: int = MAX_BYTES, max_members: int = MAX_MEMBERS
) -> dict[str, np.ndarray]:
    """Read every array of an npz file, or refuse the file.

    Parameters
    ----------
    path : Path
    max_bytes : int
        Allowed size of all members together, unpacked.
    max_members : int

    Returns
    -------
    dict of str to ndarray
        By the names in the file, without ``.npy``.

    Raises
    ------
    ArraysRefused
        With a sentence that says what is wrong with the file.
    """
    if path.is_symlink() or not path.is_file():
        raise _refuse(path, "is not a regular file")
    if path.stat().st_size > max_bytes:
        raise _refuse(path, f"holds {path.stat().st_size} bytes, allowed are {max_bytes}")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_members(path, members, max_bytes, max_members)
            arrays = {}
            for member in members:
                with archive.open(member) as file:
                    arrays[member.filename.removesuffix(".npy")] = _read_array(path, member, file)
            return arrays
    except ArraysRefused:
        raise
    except Exception as error:  # zipfile raises zlib.error, struct.error and more on damaged files
        raise _refuse(path, f"cannot be read ({type(error).__name__})") from error


def _refuse(path: Path, what: str) -> ArraysRefused:
    return ArraysRefused(f"{path.name} {what}")


def _check_members(path: Path, members: list[zipfile.ZipInfo], max_bytes: int, max_members: int) -> None:
    """Look at the table of contents: number, names and sizes of the members."""
    if len(members) > max_members:
        raise _refuse(path, f"holds {len(members)} arrays, allowed are {max_members}")
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise _refuse(path, "holds two arrays of one name")
    for member in members:
        if not member.filename.endswith(".npy") or member.flag_bits & 0x1:
            raise _refuse(path, f"holds {member.filename[:80]!r}, which is no array")
    total = sum(member.file_size for member in members)
    if total > max_bytes:
        raise _refuse(path, f"unpacks to {total} bytes, allowed are {max_bytes}")


def _read_array(path: Path, member: zipfile.ZipInfo, file: IO[bytes]) -> np.ndarray:
    """Read one member whose declared size was found harmless."""
    # ZipExtFile never returns more than the size that the table of contents declares.
    content = io.BytesIO(file.read(member.file_size))
    name = member.filename[:80]
    version = npy.read_magic(content)
    if version == (1, 0):
        shape, fortran, dtype = npy.read_array_header_1_0(content, max_header_size=_MAX_HEADER)
    elif version == (2, 0):
        shape, fortran, dtype = npy.read_array_header_2_0(content, max_header_size=_MAX_HEADER)
    else:
        raise _refuse(path, f"holds {name!r} in format {version}")
    if dtype.kind not in KINDS or dtype.itemsize > 16 or dtype.hasobject:
        raise _refuse(path, f"holds {name!r} of dtype {str(dtype)[:80]}; wanted plain numbers")
    if len(shape) > MAX_AXES or any(n < 0 for n in shape):
        raise _refuse(path, f"holds {name!r} of shape {str(shape)[:80]}")
    rest = content.read()
    if math.prod(shape) * dtype.itemsize != len(rest):
        raise _refuse(path, f"holds {name!r}, whose header does not fit its {len(rest)} bytes")
    flat = np.frombuffer(rest, dtype=dtype)
    return flat.reshape(shape[::-1]).T.copy() if fortran else flat.reshape(shape).copy()
