"""What the audit says of PDFs by four real makers, with plots that are as they were, changed, or somebody else's.

python -m benchmarks.audit_proof                    # prints the tables of docs/audit.md; some minutes
python -m benchmarks.audit_proof typst Chromium     # only these makers
"""

from __future__ import annotations

import collections
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass

import nbformat

from benchmarks import audit_makers
from gradlab.audit import audit
from gradlab.course import Course

OUTCOMES = ("identical", "same data", "look")


@dataclass(frozen=True)
class Pair:
    """A plot of a notebook beside a PDF: who made it, what was done on the way, and what the audit said."""

    maker: str
    treatment: str
    honest: bool
    part: str
    outcome: str
    why: str
    order: str


def prove(makers: Iterable[str] = audit_makers.MAKERS, seed: int = 3, other: int = 4) -> list[Pair]:
    """Make the PDFs and audit them.

    Parameters
    ----------
    makers : iterable of str
    seed, other : int
        Of the student whose notebook it is, and of somebody else.
    """
    made = [(name, True, make(seed)) for name, make in audit_makers.TRUE.items()]
    made += [(name, False, make(seed, other)) for name, make in audit_makers.WRONG.items()]
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        course = Course(scratch)
        folder = course.submitted / "ada" / "plots"
        folder.mkdir(parents=True)
        nbformat.write(audit_makers.notebook(seed), folder / "plots.ipynb")
        manifest = audit_makers.manifest(folder)
        for maker in makers:
            for treatment, honest, book in made:
                audit_makers.MAKERS[maker](book, folder / "plots.pdf")
                done = audit(course, manifest, "ada", {})
                order = "; ".join([*done.problems, *done.order])
                for finding in done.findings:
                    why = "; ".join(finding.why)
                    found.append(
                        Pair(maker, treatment, honest, finding.plot.part, finding.outcome, why, order)
                    )
    return found


def table(pairs: list[Pair], honest: bool) -> str:
    """Return a table in Markdown: for each treatment and maker, how many plots came out how."""
    makers = list(dict.fromkeys(pair.maker for pair in pairs))
    lines = [f"| {'honest' if honest else 'wrong'} | {' | '.join(makers)} |", f"|---|{'---|' * len(makers)}"]
    for treatment in dict.fromkeys(pair.treatment for pair in pairs if pair.honest == honest):
        cells = []
        for maker in makers:
            said = collections.Counter(
                p.outcome for p in pairs if (p.maker, p.treatment) == (maker, treatment)
            )
            cells.append(", ".join(f"{said[outcome]} {outcome}" for outcome in OUTCOMES if said[outcome]))
        lines.append(f"| {treatment} | {' | '.join(cells)} |")
    chosen = [pair for pair in pairs if pair.honest == honest]
    cells = []
    for maker in makers:
        ours = [pair for pair in chosen if pair.maker == maker]
        cells.append(f"**{sum(pair.outcome == 'look' for pair in ours)} of {len(ours)}**")
    lines.append(f"| **to look at** | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Print both tables."""
    makers = sys.argv[1:] or list(audit_makers.MAKERS)
    for maker in makers:
        if lacking := audit_makers.absent(maker):
            sys.exit(f"{maker}: {lacking} is not installed")
    pairs = prove(makers)
    print(f"{len(pairs)} pairs\n\n{table(pairs, True)}\n\n{table(pairs, False)}")
    for said in sorted({f"{p.maker}, {p.treatment}: {p.order}" for p in pairs if p.order}):
        print(f"! {said}")
    passed = [pair for pair in pairs if not pair.honest and pair.outcome != "look"]
    for pair in passed:
        print(f"PASSED: {pair}")
    sys.exit(bool(passed))


if __name__ == "__main__":
    main()
