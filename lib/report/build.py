"""Executed notebook -> PDF, in the order that the assignment asks for."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.errors import CourseError
from lib.manifest import Manifest, ReportPart
from lib.report import fonts, overview, pieces
from lib.report import notebook as nb
from lib.report.collect import MAX_ITEMS, Item, Trouble, collect, in_words, is_content
from lib.report.images import quote
from lib.report.overview import Present, Score
from lib.report.own_code import student_code
from lib.report.sections import Section, find_sections, sections_of
from lib.report.typeset import Piece, Typesetter

NO_WORDS = (
    "An answer in words was looked for and not found; here are the code of this section and what it printed."
)


@dataclass(frozen=True)
class ReportResult:
    """What a report holds.

    Attributes
    ----------
    pdf : Path
    parts : tuple of str
        Titles of all parts, in order.
    missing : tuple of str
        Titles of the parts that the notebook holds nothing for.
    as_source : tuple of str
        Which answers could not be typeset and appear as they were typed, in part or whole.
    warnings : tuple of str
        What a reader may miss: characters without a font, pictures that are not shown.
    """

    pdf: Path
    parts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    as_source: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def build_report(
    notebook: Any,
    manifest: Manifest,
    pdf_path: str | Path,
    *,
    student: str = "",
    score: str | None = None,
    note: str = "",
    dataset: str = "",
    versions: str = "",
    footer: str = "",
    code_folder: str | Path | None = None,
    scores: Sequence[Score] = (),
    files: Sequence[Present] = (),
) -> ReportResult:
    """Write the report of a notebook. Nothing is executed and no file but the PDF is touched.

    Parameters
    ----------
    notebook : NotebookNode
        With its outputs.
    manifest : Manifest
        Says which parts there are.
    pdf_path : path
        Replaced as a whole, or left as it was.
    student : str
    score : str or None
        For instance "37 / 60".
    note : str
        A remark for the title block.
    dataset : str
        Where the data came from. If it says "sample", every page does.
    versions : str
    footer : str
        A remark for the foot of every page.
    code_folder : path or None
        Where the student's files lie, for parts that show code; the folder of the manifest if not given.
    scores : sequence of Score
        What each exercise earned and why: for the grader. They stand on the first page and beside their parts.
    files : sequence of Present
        Files that were asked for, for the first page.

    Returns
    -------
    ReportResult

    Raises
    ------
    CourseError
        If the PDF can not be written.

    Notes
    -----
    The same input gives the same bytes on a machine. Text of strangers reaches typst only through pandoc's
    writer or as a string; pictures are decoded and written anew; both under limits of size and time.
    """
    pdf_path = Path(pdf_path)
    student, note, dataset, versions = (nb.clean(text) for text in (student, note, dataset, versions))
    footer = nb.clean(footer)
    sections = find_sections(notebook, manifest)
    chosen = [(part, sections_of(part.exercises, sections, manifest)) for part in manifest.parts]
    own = Path(code_folder or manifest.folder)
    items = [[*_code(part, manifest, own), *collect(found, part.show)] for part, found in chosen]

    told = "".join(f"{one.title}{one.reason}" for one in scores)
    strange = fonts.uncovered(_all_text(items) + student + note + dataset + versions + told)
    families, lacking = fonts.fonts_for(strange)
    warnings = [f"no font for {lacking[:20]!r}; boxes may stand in their place"] if lacking else []

    with tempfile.TemporaryDirectory(prefix="report-") as scratch:
        folder = Path(scratch)
        shutil.copyfile(Path(__file__).with_name("template.typ"), folder / "template.typ")
        maker = pieces.Maker(folder)
        body: list[Piece] = []
        missing: list[str] = []
        there: list[Present] = []
        for number, ((part, found), content) in enumerate(zip(chosen, items, strict=True), start=1):
            new_page = "false" if number == 1 and not scores else "true"
            body.append(Piece([f'#part("{number}", {quote(part.title)}, new-page: {new_page})']))
            earned = overview.beside([one for one in scores if one.name in part.exercises])
            if earned:
                body.append(Piece([earned]))
            state, problem = overview.state_of(content), False
            if part.show == "text" and any(map(is_content, content)) and not any(map(in_words, content)):
                # code that was given runs in it: what was asked for is what the student says of it
                missing.append(part.title)
                body.append(Piece([f"#remark({quote(NO_WORDS)})"]))
                body += maker.part(number, part.title, content)
                state, problem = f"no words, {state}", True
            elif any(is_content(item) for item in content):
                body += maker.part(number, part.title, content)
            elif all(manifest.exercise(name).extra_credit for name in part.exercises):
                body.append(Piece([f"#remark({quote('Not attempted; nothing was asked for.')})"]))
                state = "not attempted"
            else:
                missing.append(part.title)
                body.append(_missing(part, found, content, manifest))
                state, problem = overview.NOTHING, True
            there.append(Present(part.title, state, problem, number))
        opening = _opening(manifest.title, student, score, note, dataset, versions, families, footer)
        opening += overview.page([*there, *files], scores, score or "")
        made = folder / "report.pdf"
        Typesetter(folder, system_fonts=bool(strange)).typeset(opening, body, made)
        _put(made, pdf_path)
    return ReportResult(
        pdf=pdf_path,
        parts=tuple(part.title for part in manifest.parts),
        missing=tuple(missing),
        as_source=tuple(dict.fromkeys(maker.as_source(body))),
        warnings=tuple(dict.fromkeys([*warnings, *maker.warnings])),
    )


def _opening(
    title: str,
    student: str,
    score: str | None,
    note: str,
    dataset: str,
    versions: str,
    families: list[str],
    footer: str,
) -> str:
    """Return the typst code of the page style and the title block."""
    facts = [("Student", student), ("Score", score or ""), ("Data", dataset), ("Versions", versions)]
    rows = "".join(f"({quote(name)}, {quote(value)}), " for name, value in facts if value)
    sample = "true" if "sample" in dataset.lower() else "false"
    others = "".join(f"{quote(family)}, " for family in families)
    return (
        f"#show: report.with(title: {quote(title)}, student: {quote(student)}, data: {quote(dataset)}, "
        f"sample: {sample}, fonts: ({others}), remark: {quote(footer)})\n"
        f"#title-block({quote(title)}, ({rows}), note: {quote(note)})\n"
    )


def _code(part: ReportPart, manifest: Manifest, folder: Path) -> list[Item]:
    """Return the student's code of a part that shows everything; of any other part nothing."""
    if part.show != "all":
        return []
    asked = dict.fromkeys(manifest.exercise(name).where for name in part.exercises)
    return [item for where in asked for item in student_code(where, folder)]


def _missing(part: ReportPart, found: list[Section], content: list[Item], manifest: Manifest) -> Piece:
    """Return the page that stands in place of a part: what was looked for, where, and what was there."""
    kind = {"images": "a picture among the outputs", "text": "an answer"}.get(part.show, "code or an answer")
    reasons = [pieces.sentence_of(item) for item in content if isinstance(item, Trouble)][:8]
    if found:
        names = " and ".join(f"“{section.heading or section.key}”" for section in found)
        cells = sum(len(section.cells) for section in found)
        counted = {0: "there is no cell in it", 1: "its one cell has none"}.get(
            cells, f"none of its {cells} cells has one"
        )
        wanted = f"Looked for {kind} in section {names} of the notebook; {counted}."
    else:
        numbers = {manifest.exercise(name).heading for name in part.exercises} - {""}
        named = f" {' and '.join(sorted(numbers))}" if numbers else ""
        wanted = f"Looked for {kind} in section{named} of the notebook, but its heading is not there."
    listed = "".join(f"{quote(reason)}, " for reason in reasons)
    return Piece([f"#missing({quote(part.title)}, {quote(wanted)}, ({listed}))"])


def _all_text(items: Iterable[list[Item]]) -> str:
    return "".join(
        getattr(item, "text", "")[:200_000] + getattr(item, "plain", "")[:20_000]
        for content in items
        for item in content[:MAX_ITEMS]
    )


def _put(made: Path, pdf_path: Path) -> None:
    """Move the finished PDF to its place, as a whole."""
    draft = pdf_path.with_name(f".{pdf_path.name}.{os.getpid()}")
    try:
        pdf_path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, draft)
        draft.replace(pdf_path)
    except OSError as error:
        msg = (
            f"{pdf_path.name} could not be written ({error.strerror or error}); close it if a program "
            "shows it, and check the free space."
        )
        raise CourseError(msg) from error
    finally:
        draft.unlink(missing_ok=True)
