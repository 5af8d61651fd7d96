"""Where the data of a report came from, and with which programs it was made."""

from __future__ import annotations

import io
import json
import platform
import re
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from lib.report import notebook as nb

_LINE = re.compile(r"^\w[\w-]*: .*\bSAMPLE\b.*$", re.MULTILINE)
MAX_META = 1 << 20


def dataset_of(notebook: Any, folder: str | Path | None = None) -> str:
    """Return where the data came from, "" if nothing says it.

    Parameters
    ----------
    notebook : NotebookNode
        Its metadata (``gradlab``, ``dataset``) and what its cells printed are asked.
    folder : path or None
        Holds model.npz, which says what the network was trained on.

    Returns
    -------
    str
        If one of the sources says that it was a sample, the answer says so.
    """
    noted = nb.clean(str(nb.table(nb.table(notebook, "metadata"), "gradlab").get("dataset") or ""))
    noted = "" if noted == "real" else noted  # the model may say it more exactly
    said = [text for text in (noted, _of_model(folder), _of_outputs(notebook)) if text]
    return next((text for text in said if "sample" in text.lower()), said[0] if said else "")


def versions(folder: str | Path = ".") -> str:
    """Return the version of the assignment and of the programs that draw and count."""
    told = []
    try:
        release = json.loads((Path(folder) / "release.json").read_text(encoding="utf-8"))
        told.append(f"{release['assignment']} {str(release['version'])[:16]}")
    except (OSError, ValueError, KeyError, TypeError):
        pass  # the folder is no release; the report does without
    told.append(f"Python {platform.python_version()}")
    told += [
        f"{name} {metadata.version(package)}"
        for name, package in (("NumPy", "numpy"), ("Matplotlib", "matplotlib"))
    ]
    return ", ".join(told)


def _of_model(folder: str | Path | None) -> str:
    """Read the provenance that training wrote into model.npz, without trusting the file."""
    if folder is None:
        return ""
    try:
        meta = json.loads(_meta_of(Path(folder) / "model.npz"))
        found = meta.get("provenance") or (meta.get("data") or {}).get("provenance")
        return nb.clean(found)[:200] if isinstance(found, str) else ""
    except Exception:  # a stranger's file makes zipfile, NumPy and json raise anything
        return ""


def _meta_of(path: Path) -> bytes:
    """Return the entry ``meta`` of a model file; nothing else is unpacked, and nothing large."""
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("meta.npy")
        # only deflate can be told to stop when it has given enough
        known = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if not known or max(entry.file_size, entry.compress_size) > MAX_META:
            msg = f"meta of {path.name} is {entry.file_size} bytes, wanted at most {MAX_META}"
            raise ValueError(msg)
        with archive.open(entry) as stream:
            packed = stream.read(MAX_META)
    array = np.lib.format.read_array(io.BytesIO(packed), allow_pickle=False)
    # entries of no bytes could stand there by the billion
    if array.dtype != np.uint8 or array.nbytes > MAX_META:
        msg = f"meta of {path.name} is {array.dtype}, {array.nbytes} bytes; wanted the bytes of a text"
        raise ValueError(msg)
    return array.tobytes()


def _of_outputs(notebook: Any) -> str:
    """Find the line that loading a sample prints."""
    for cell in nb.cells(notebook):
        for output in nb.outputs(cell):
            text = nb.text_of(output.get("text"))
            match = _LINE.search(text) if len(text) < 100_000 and "SAMPLE" in text else None
            if match:
                return f"{match[0].split(':')[0]} sample"
    return ""
