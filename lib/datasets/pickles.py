"""Read a pickle from the network without running anything in it.

A pickle is a program. The ones that CIFAR comes as need five names to be unpickled: NumPy's arrays and types,
and how Python 2 wrote bytes. Every other name is refused, so a file that was tampered with can do nothing but
fail.
"""

from __future__ import annotations

import pickle
from pathlib import Path

from lib.datasets.folder import shown
from lib.errors import DatasetError

ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


class _Refused(pickle.UnpicklingError):
    """The file names something that plain data do not need."""


class _DataUnpickler(pickle.Unpickler):
    """Know the names that arrays need, and no other."""

    def find_class(self, module, name):
        """Return one of the allowed objects."""
        if (module, name) not in ALLOWED:
            msg = f"it asks for {module}.{name}, which no data need"
            raise _Refused(msg)
        if module == "numpy.core.multiarray":  # NumPy 2 moved it
            module = "numpy._core.multiarray"
        return super().find_class(module, name)


def load_pickle(path: Path, advice: str) -> dict:
    """Read a dictionary of plain data and arrays.

    Parameters
    ----------
    path : Path
    advice : str
        End of the message: where to get the file anew.

    Returns
    -------
    dict
        With texts as keys; bytes of Python 2 are read as latin-1.

    Raises
    ------
    DatasetError
        If the file is damaged, is no dictionary, or asks for anything but data.
    """
    try:
        with path.open("rb") as stream:
            content = _DataUnpickler(stream, encoding="latin1").load()
    except Exception as error:  # a damaged pickle makes Python raise nearly anything
        reason = " ".join(f"{type(error).__name__}: {error}".split()).removeprefix("_Refused: ")[:160]
        msg = f"{shown(path)} cannot be read ({reason}). Move it away. {advice}"
        raise DatasetError(msg) from error
    if not isinstance(content, dict):
        msg = f"{shown(path)} holds a {type(content).__name__}, wanted a dictionary. Move it away. {advice}"
        raise DatasetError(msg)
    return {key.decode("latin1") if isinstance(key, bytes) else key: value for key, value in content.items()}


def unpack_archive(archive: Path, folder: str, advice: str) -> None:
    """Unpack ``folder`` of a .tar.gz beside the archive, unless it is there.

    Raises
    ------
    DatasetError
        If the archive is damaged, or a member would land outside the folder.
    """
    import tarfile

    target = archive.parent / folder
    if target.is_dir() or not archive.is_file():
        return
    draft = archive.parent / f".{folder}.unpacking"
    try:
        with tarfile.open(archive) as tar:
            members = [m for m in tar.getmembers() if m.isfile() and m.name.startswith(f"{folder}/")]
            tar.extractall(draft, members=members, filter="data")
        (draft / folder).replace(target)
        draft.rmdir()
    except (tarfile.TarError, OSError, EOFError) as error:
        msg = f"{shown(archive)} cannot be unpacked ({type(error).__name__}: {error}). Move it away. {advice}"
        raise DatasetError(msg) from error
