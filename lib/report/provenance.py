"""Where the data of a report came from, and with which programs it was made."""

from __future__ import annotations

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
    path = Path(folder) / "model.npz"
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("meta.npy").file_size > MAX_META:
                return ""
        with np.load(path, allow_pickle=False) as arrays:
            meta = json.loads(arrays["meta"].astype(np.uint8).tobytes().decode("utf-8"))
        found = meta.get("provenance") or (meta.get("data") or {}).get("provenance")
        return nb.clean(found)[:200] if isinstance(found, str) else ""
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        zipfile.BadZipFile,
        EOFError,
        NotImplementedError,
    ):
        return ""


def _of_outputs(notebook: Any) -> str:
    """Find the line that loading a sample prints."""
    for cell in nb.cells(notebook):
        for output in nb.outputs(cell):
            text = nb.text_of(output.get("text"))
            match = _LINE.search(text) if len(text) < 100_000 and "SAMPLE" in text else None
            if match:
                return f"{match[0].split(':')[0]} sample"
    return ""
