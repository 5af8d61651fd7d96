"""Make the report: run the notebook once in a fresh kernel, and write the PDF beside it.

    python -m lib.report                 run the notebook and write the PDF
    python -m lib.report --no-execute    take the outputs that are saved in the notebook

The notebook itself is not changed. Nothing trains: the saved model is loaded.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

try:
    from lib.errors import CourseError
    from lib.manifest import Manifest, read_manifest
    from lib.report.sentences import sentence
except ModuleNotFoundError as error:  # a file of the course was deleted
    sys.exit(
        f"{(error.name or '').replace('.', '/')}.py is missing; unpack the release again and take it from there."
    )


def main(arguments: list[str] | None = None) -> int:
    """Write the report and say what is in it; exit code 1 if there is none, or --strict misses a part."""
    parser = argparse.ArgumentParser(prog="python -m lib.report", description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", default=".", help="folder of the assignment (default: this one)")
    parser.add_argument("--no-execute", action="store_true", help="take the outputs saved in the notebook")
    parser.add_argument("--name", default="", help="your name, for the title block")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for one cell (default: 1800)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a part is missing")
    options = parser.parse_args(arguments)
    try:
        return make(Path(options.folder), options)
    except CourseError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped; the report is as it was.", file=sys.stderr)
    except (ImportError, OSError) as error:
        print(sentence(error), file=sys.stderr)
    return 1


def make(folder: Path, options: argparse.Namespace) -> int:
    """Execute, write, tell."""
    manifest = read_manifest(folder)
    if not manifest.pdf or not manifest.parts:
        print(f"{manifest.name} asks for no report.")
        return 0
    from lib.report import build_report, execute_notebook, read_notebook
    from lib.report.provenance import dataset_of, versions

    notebook = read_notebook(folder / manifest.notebook)
    note = "Made from the outputs saved in the notebook, which was not run again."
    problems: list = []
    if not options.no_execute:
        note = ""
        print(
            f"Running {manifest.notebook} in a fresh kernel; nothing trains, model.npz is loaded ...",
            flush=True,
        )
        notebook, problems = execute_notebook(
            notebook,
            folder,
            timeout=options.timeout,
            env={**os.environ, "GRADLAB_LOAD_ONLY": "1"},
            progress=sys.stderr.isatty(),
        )
    result = build_report(
        notebook,
        manifest,
        folder / manifest.pdf,
        student=options.name or os.environ.get("GRADLAB_STUDENT", ""),
        note=note,
        dataset=dataset_of(notebook, folder),
        versions=versions(folder),
        files=_files(folder, manifest),
    )
    for problem in problems:
        print(f"! {problem}")
    for number, title in enumerate(result.parts, start=1):
        state = "MISSING: its page says what was looked for" if title in result.missing else "ok"
        print(f"{number}. {title}: {state}")
    for text in result.as_source:
        print(f"! shown as typed, because it could not be typeset: {text}")
    for text in result.warnings:
        print(f"! {text}")
    print(f"Written: {result.pdf}. Open it and look.")
    return 1 if options.strict and (result.missing or problems) else 0


def _files(folder: Path, manifest: Manifest) -> list:
    """Say which files that are to be handed in lie in the folder; the PDF is only being made."""
    from lib.report.overview import Present

    there = {name: (folder / name).is_file() for name in manifest.files if name != manifest.pdf}
    return [Present(name, "there" if ok else "missing", not ok) for name, ok in there.items()]


if __name__ == "__main__":
    sys.exit(main())
