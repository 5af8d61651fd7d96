"""Write the table of attacks in docs/security.md: ``python -m tests.hostile.table``. A test holds that it is up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "verdict"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from attack import Attack, Points
from between_probes import BREAKERS, GIFTS
from broken import LARGE, LIB_LOST, REPAIRED, UNREADABLE
from hostile_code import EXHAUSTION, FILES, NETWORK, PROCESSES
from in_lib import ENDS as LIB_ENDS
from in_lib import FORGED, PATCHES, VALUES, WITHHELD
from in_notebook import ENDS, FORGERIES, OUTSIDE, PAGES, TRICKS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- attacks: made by python -m tests.hostile.table -->", "<!-- attacks: end -->"
CELLS, CLASSES, BETWEEN = (
    f"tests/hostile/test_{name}.py" for name in ("hostile_notebooks", "hostile_classes", "between_probes")
)
#: Tested elsewhere: what is tried, what happens, the score, file and test.
ELSEWHERE = (
    ("a good submission, then a wrong one or one that cannot be read", "old points go", "that of the last one", "tests/verdict/test_autograde.py", "test_old_scores_do_not_survive_a_broken_resubmission"),
    ("stock nbgrader instead of this configuration", "the gradebook asks for a kernel that nobody has", "not judged", "tests/verdict/test_autograde.py", "test_stock_nbgrader_gives_a_cheat_nothing"),
    ("grading with our steps switched off on the command line", "they cannot be", "as deserved", "tests/verdict/test_autograde.py", "test_steps_cannot_be_switched_off"),
    ("a link in the folder of the values", "removed", "as deserved", "tests/verdict/test_engine.py", "test_values_and_probes_are_plain_files"),
    ("`nbgrader autograde` while `gradlab grade` writes", "the second is refused and told who is at work", "-", "tests/verdict/test_autograde.py", "test_one_writes_the_gradebook_at_a_time"),
    ("scripts in an answer, shown by a running Formgrader", "shown as text", "-", "tests/course/test_formgrader.py", "test_page_opens_a_submission_for_manual_grading"),
    ("archives of submissions that climb out of their folder, or unpack to too much", "left packed, the student named", "-", "tests/classroom/test_unpack.py", ""),
    ("arrays of every odd kind, written byte by byte", "refused before memory is given to them", "-", "tests/verdict/test_arrays.py", ""),
)  # fmt: skip
Row = tuple[str, str, str, str]


def sections() -> Iterator[tuple[str, str, list[Row]]]:
    """Yield title, test file and rows of each kind of attack."""
    outside = "the answers'"
    for title, cells, happens in (
        ("A cell looks for what is outside: files", FILES, "is not there, or may not be written"),
        ("A cell looks for what is outside: the network", NETWORK, "there is none"),
        (
            "A cell looks for what is outside: processes and rights",
            PROCESSES,
            "refused, or nobody else is there",
        ),
    ):
        yield title, CELLS, [(name, happens, outside, "") for name in cells]
    yield "A cell looks for what is outside: graded", CLASSES, list(_rows([OUTSIDE]))
    told = [
        (name, "stopped or refused; the student reads: " + " or ".join(f"“{w}”" for w in words), outside, "")
        for name, (_, words) in EXHAUSTION.items()
    ]
    yield "A cell takes too much", CELLS, told
    yield "A notebook that ends, hangs or floods", CLASSES, list(_rows(ENDS))
    fakes = [(trick.tried, trick.happens, "0 and 0", name) for name, kind in TRICKS.items() for trick in kind]
    yield "A notebook fakes its verdict: cells", CLASSES, fakes
    yield "A notebook fakes its verdict: labels and files", CLASSES, list(_rows(FORGERIES))
    yield "A submission aims at the grader's browser", CLASSES, list(_rows(PAGES))
    for title, attacks in (
        ("The student's layer, in the probe: ends, hangs, takes too much", LIB_ENDS),
        ("The student's layer, in the probe: forges answers", FORGED),
        ("The student's layer, in the probe: odd values", VALUES),
        ("The student's layer, in the probe: patches its surroundings", PATCHES),
        ("The student's layer, in the probe: looks for a function that the exercise withholds", WITHHELD),
    ):
        yield title, CLASSES, list(_rows(attacks))
    gifts = [
        (f"one probe leaves for another: {gift.tried}", "nothing arrives", "1, 0 and 1", gift.name)
        for gift in GIFTS
    ]
    breaks = [
        (f"one probe {b.tried}", "the others go on", "{:g}, {:g} and {:g}".format(*b.points), b.name)
        for b in BREAKERS
    ]
    yield "One probe of a submission against the others (of 1, 4 and 1 points)", BETWEEN, gifts + breaks
    for title, attacks in (
        ("Broken, repaired with a note", REPAIRED),
        ("Broken lib files", LIB_LOST),
        ("Large", LARGE),
        ("Nothing that could be graded", UNREADABLE),
    ):
        yield title, CLASSES, list(_rows(attacks))
    yield (
        "Tested elsewhere",
        "",
        [
            (tried, happens, score, f"{path.removeprefix('tests/')}{'::' if name else ''}{name}")
            for tried, happens, score, path, name in ELSEWHERE
        ],
    )


def _rows(attacks: Iterable[Attack]) -> Iterator[Row]:
    for attack in attacks:
        yield attack.tried, attack.happens, _score(attack.points), attack.name


def _score(points: Points) -> str:
    if points == (None, None):
        return "needs attention"
    return " and ".join("0" if part is None else f"{part:g}" for part in points)


def render() -> str:
    """Return the part of the page between the markers."""
    kinds = list(sections())
    count = sum(len(rows) for _, _, rows in kinds)
    lines = [
        f"{count} attacks and accidents. The score is that of the layer (of 4) and of the picture (of 2) in the course of the tests; ",
        "“the answers'” means that the attack changes nothing in it.",
        "",
    ]
    lines[0] = lines[0].rstrip()
    for title, path, rows in kinds:
        where = f" (`{path}`)" if path else ""
        lines += [
            f"### {title}{where}",
            "",
            "| what is tried | what happens | score | test |",
            "|---|---|---|---|",
        ]
        lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
        lines.append("")
    return "\n".join(lines)


def written(page: str) -> str:
    """Return a page with the table in its place."""
    head, rest = page.split(BEGIN)
    _, tail = rest.split(END)
    return f"{head}{BEGIN}\n\n{render()}{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
