"""Make the zip to hand in, and say what is missing in it or out of date.

python -m lib.handin                   the zip, named after your login
python -m lib.handin --name ada        the zip, named after you
python -m lib.handin --strict          exit with 1 if there is anything to say
"""

from __future__ import annotations

import argparse
import getpass
import hashlib
import json
import os
import re
import sys
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    from lib.errors import CourseError
    from lib.manifest import Manifest, read_manifest
    from lib.report import answers
    from lib.report import notebook as nb
    from lib.report.sentences import sentence
except ModuleNotFoundError as error:  # a file of the course was deleted
    sys.exit(
        f"{(error.name or '').replace('.', '/')}.py is missing; unpack the release again and take it from there."
    )

MAX_MEGABYTES = 100
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can tell: equal files give equal zips


@dataclass(frozen=True)
class Handin:
    """The zip: where it lies, the files in it, and what its owner should know."""

    path: Path
    files: tuple[str, ...]
    warnings: tuple[str, ...]
    replaced: bool


def hand_in(folder: str | Path = ".", *, name: str = "") -> Handin:
    """Write ``<assignment>_<name>.zip`` into the folder of an assignment.

    Parameters
    ----------
    folder : path
        An unpacked release.
    name : str
        Of the student; by default the login.

    Returns
    -------
    Handin

    Raises
    ------
    CourseError
        If the notebook is missing or damaged, a file can not be read, or the zip not be written. Then there is no new zip, and
        an old one stays.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    notebook = _read(folder, manifest)
    owned = _released(folder)
    files = present_files(folder, manifest, owned)
    path = folder / f"{manifest.name}_{safe_name(name or _login())}.zip"
    warnings = tuple(_warnings(folder, manifest, notebook, owned, files))
    replaced = path.exists()
    _write(path, folder, files)
    return Handin(path, tuple(files), warnings, replaced)


def present_files(folder: Path, manifest: Manifest, released: dict[str, tuple[str, str]]) -> list[str]:
    """Return what goes into the zip, sorted: what is asked for and what else is the student's."""
    asked = {
        manifest.notebook,
        *manifest.files,
        *manifest.extra_files,
        *([manifest.pdf] if manifest.pdf else []),
    }
    asked |= {path for path, (_, owner) in released.items() if owner == "student"}
    return sorted(path for path in asked if (folder / path).is_file())


def safe_name(name: str) -> str:
    """Return a name of plain letters, digits, dots and hyphens, as file systems and graders like it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9.-]+", "-", plain).strip("-.")[:60] or "student"


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no login is known, for instance in a container
        return "student"


def _read(folder: Path, manifest: Manifest) -> Any:
    """Read the notebook; if it is not there, look whether it goes by another name."""
    if not (folder / manifest.notebook).is_file():
        others = sorted(path.name for path in folder.glob("*.ipynb") if path.is_file())
        msg = f"{manifest.notebook} not found in {folder.resolve().name}/; "
        if others:
            msg += (
                f"there is {', '.join(others[:3])}. Rename yours to {manifest.notebook}, its name decides "
                "whose work it is."
            )
        else:
            msg += "run this in the folder of the assignment, or take the notebook again from its zip."
        raise CourseError(msg)
    return nb.read_notebook(folder / manifest.notebook)


def _released(folder: Path) -> dict[str, tuple[str, str]]:
    """Return path -> (sha256, owner) of the files as released, from release.json; empty without it."""
    try:
        files = json.loads((folder / "release.json").read_text(encoding="utf-8"))["files"]
        return {str(path): (str(entry["sha256"]), str(entry["owner"])) for path, entry in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _warnings(
    folder: Path, manifest: Manifest, notebook: Any, released: dict[str, tuple[str, str]], files: list[str]
) -> Iterator[str]:
    """Yield what is missing or out of date, each with what to do."""
    yield from _missing(folder, manifest)
    yield from _library(folder, manifest, released, files)
    yield from _notebook(manifest, notebook)
    yield from _ages(folder, manifest, files)
    size = sum((folder / path).stat().st_size for path in files) >> 20
    if size >= MAX_MEGABYTES:
        yield (
            f"The files have {size} MB together, and many courses take at most {MAX_MEGABYTES}; clear the "
            "outputs of cells that show very much."
        )


def _missing(folder: Path, manifest: Manifest) -> Iterator[str]:
    remedies = {
        "model.npz": "run the training cell of the notebook; it is saved when training ends",
        "experiments.npz": "run all cells of the notebook; it is saved with the first experiment",
        manifest.pdf: "run: python -m lib.report",
    }
    for path in manifest.files:
        if not (folder / path).is_file():
            remedy = remedies.get(
                path, "take it again from the zip of the assignment, and write your answer into it"
            )
            yield f"{path} is missing; {remedy}."


def _library(
    folder: Path, manifest: Manifest, released: dict[str, tuple[str, str]], files: list[str]
) -> Iterator[str]:
    for path in files:
        if not path.endswith(".py"):
            continue
        content = _content(folder / path)
        stubs = answers.code_stubs(content.decode("utf-8", errors="replace"))
        if released.get(path, ("", ""))[0] == hashlib.sha256(content).hexdigest() and stubs:
            yield (
                f"{path} is untouched: it is the file you were given; write {_listed(stubs)}, or hand it "
                "in as it is for no points."
            )
        elif stubs:
            yield (
                f"{path} still has the stub of {_listed(stubs)}; write it, or hand it in as it is for no "
                "points."
            )
        try:
            compile(content, path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            yield (
                f"{path} is not Python (line {getattr(error, 'lineno', None) or 1}: "
                f"{getattr(error, 'msg', None) or error}); mend it, else nothing in it counts."
            )
    for path, (digest, owner) in released.items():
        file = folder / path
        if owner == "student" or path == manifest.notebook or not file.is_file():
            continue
        if hashlib.sha256(_content(file)).hexdigest() != digest:
            yield (
                f"{path} was changed, but it is the course's and the grader puts the original back; move "
                "your changes into a file of yours."
            )


def _notebook(manifest: Manifest, notebook: Any) -> Iterator[str]:
    counts, not_run, failed = [], [], []
    for position, cell in enumerate(nb.cells(notebook), start=1):
        source, solution = nb.source(cell), bool(nb.flags(cell).get("solution"))
        name = str(nb.flags(cell).get("grade_id") or "")
        place = f"cell {position}" + (f" ({name})" if name else "")
        if nb.kind(cell) == "markdown":
            if solution and not answers.without_stub(source):
                yield (
                    f"{manifest.notebook}, {place}: the answer is not written yet; write it, or hand it in "
                    "as it is for no points."
                )
            continue
        if nb.kind(cell) != "code" or not source.strip():
            continue
        if solution and answers.is_code_stub(source):
            yield (
                f"{manifest.notebook}, {place}: the code is not written yet; write it, or hand it in as it "
                "is for no points."
            )
        if any(output.get("output_type") == "error" for output in nb.outputs(cell)):
            failed.append(place)
        count = cell.get("execution_count")
        if isinstance(count, int):
            counts.append(count)
        else:
            not_run.append(place)
    remedy = "choose Kernel > Restart Kernel and Run All Cells, save, and make the report again"
    if not_run and not counts:
        yield f"{manifest.notebook}: no cell has been run; {remedy}."
    elif not_run:
        yield f"{manifest.notebook}: {_listed(not_run)} has not been run since it was written; {remedy}."
    if counts != sorted(set(counts)):
        yield (
            f"{manifest.notebook}: cells were run out of order, so its outputs may not be what it gives "
            f"from the top; {remedy}."
        )
    if failed:
        yield (
            f"{manifest.notebook}: {_listed(failed)} ended with an error; mend it if it is not meant to, "
            f"then {remedy}."
        )


def _ages(folder: Path, manifest: Manifest, files: list[str]) -> Iterator[str]:
    """Yield what is older than what it was made from."""
    times = {path: (folder / path).stat().st_mtime for path in files}
    if manifest.pdf in times:
        newer = [path for path, time in times.items() if path != manifest.pdf and time > times[manifest.pdf]]
        if newer:
            yield f"{manifest.pdf} is older than {_listed(newer)}; run: python -m lib.report"
    changed = [path for path in files if path.endswith(".py") and times[path] > times[manifest.notebook]]
    if changed:
        yield (
            f"{_listed(changed)} was changed after {manifest.notebook} was saved; run all its cells again, "
            "and save."
        )


def _listed(names: list[str]) -> str:
    """Join names as in a sentence; many are counted."""
    names = [name or "an exercise" for name in names]
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _content(path: Path) -> bytes:
    """Read a file whose name must be told if it can not be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"{path} can not be read ({error.strerror or error}); check its rights, or write it again."
        raise CourseError(msg) from error


def _write(path: Path, folder: Path, files: list[str]) -> None:
    """Write the zip as a whole: the same files give the same bytes; an old zip stays until then."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name in files:
                entry = zipfile.ZipInfo(name, _DATE)
                entry.compress_type, entry.external_attr, entry.create_system = (
                    zipfile.ZIP_DEFLATED,
                    0o644 << 16,
                    3,
                )
                archive.writestr(entry, _content(folder / name))
        draft.replace(path)
    except OSError as error:
        msg = (
            f"{path.name} could not be written ({error.strerror or error}); check the free space and the "
            "rights of this folder."
        )
        raise CourseError(msg) from error
    finally:
        draft.unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> int:
    """Make the zip and tell what is in it; exit code 1 if there is none, or --strict has something to say."""
    parser = argparse.ArgumentParser(prog="python -m lib.handin", description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", default=".", help="folder of the assignment (default: this one)")
    parser.add_argument(
        "--name", default="", help="your name or number, for the name of the zip (default: your login)"
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit with 1 if anything is missing or out of date"
    )
    options = parser.parse_args(arguments)
    say = sys.stdout.write
    try:
        done = hand_in(options.folder, name=options.name)
    except CourseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (ImportError, OSError) as error:
        sys.stderr.write(f"{sentence(error)}\n")
        return 1
    for text in done.warnings:
        say(f"! {text}\n")
    if done.warnings:
        say("\n")
    say(f"{'Replaced' if done.replaced else 'Written'}: {done.path}\n")
    for name in done.files:
        say(f"  {name}\n")
    if done.warnings:
        count = len(done.warnings)
        say(f"It can be handed in, but look at the {count} point{'s' if count > 1 else ''} above.\n")
    else:
        say("Everything is there.\n")
    return 1 if options.strict and done.warnings else 0


if __name__ == "__main__":
    sys.exit(main())
