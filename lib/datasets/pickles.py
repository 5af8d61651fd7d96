"""Read a pickle from the network without running anything in it.

A pickle is a program. The ones that CIFAR comes as need five names to be unpickled: NumPy's arrays and types,
and how Python 2 wrote bytes. Every other name is refused, so a file that was tampered with can do nothing but
fail.
"""

from __future__ import annotations

import gzip
import pickle
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath

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
        If the archive is damaged or another one, a member would land outside the folder, or the disk refuses.
    """
    target = archive.parent / folder
    if target.is_dir() or not archive.is_file():
        return
    try:
        # a folder of its own for each process: two notebooks may load at the same time
        draft = Path(tempfile.mkdtemp(prefix=f".{folder}.", dir=archive.parent))
    except OSError as error:
        raise DatasetError(_cannot_write(archive, error)) from error
    try:
        _extract(archive, folder, draft, advice)
        (draft / folder).replace(target)
    except DatasetError:
        raise
    except OSError as error:
        if not target.is_dir():  # else somebody else was faster
            raise DatasetError(_cannot_write(archive, error)) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _extract(archive, folder, draft, advice):
    """Unpack the files of one folder of an archive into the draft."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = [m for m in tar.getmembers() if m.isfile() and m.name.startswith(f"{folder}/")]
            for member in members:  # by hand: the filters of tarfile came with Python 3.11.4
                if ".." in PurePosixPath(member.name).parts:
                    msg = f"{member.name[:80]} leads out of the folder"
                    raise tarfile.TarError(msg)
                path = draft / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    shutil.copyfileobj(tar.extractfile(member), file)
            # a damaged header ends the list without a word; what gzip notes down at the end tells of it
            while tar.fileobj.read(1 << 20):
                pass
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        msg = f"{shown(archive)} cannot be unpacked ({reason}). Move it away. {advice}"
        raise DatasetError(msg) from error
    if not members:
        msg = f"{shown(archive)} holds no folder {folder}/, so it is another archive. Move it away. {advice}"
        raise DatasetError(msg)


def _cannot_write(archive, error):
    why = error.strerror or str(error)
    return (
        f"{shown(archive)} cannot be unpacked beside itself: {why}. Free some space or make the folder writable, "
        "or set GRADLAB_DATA to another folder and put the archive there."
    )
