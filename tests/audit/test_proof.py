"""The proof: PDFs by real makers; what is wrong never passes."""

from __future__ import annotations

import pytest

from benchmarks import audit_makers
from benchmarks.audit_proof import prove, table

#: Plots of 28 honest ones that a person has to look at, as docs/audit.md tells.
HONEST_LOOKS = {"typst": 15, "LaTeX": 7, "Chromium": 7, "LibreOffice": 16}


@pytest.mark.slow
@pytest.mark.parametrize("maker", list(audit_makers.MAKERS))
def test_nothing_wrong_passes(maker):
    """288 pairs of four makers: none of the wrong plots is identical or same data, and few honest ones need a look."""
    if lacking := audit_makers.absent(maker):
        pytest.skip(f"{lacking} is not installed")
    pairs = prove([maker])
    assert len(pairs) == 72
    assert [pair for pair in pairs if not pair.honest and pair.outcome != "look"] == []
    untouched = [pair for pair in pairs if pair.treatment == "untouched"]
    assert {pair.outcome for pair in untouched} <= {"identical", "same data"}
    assert {pair.order for pair in untouched} == {""}
    looks = sum(pair.honest and pair.outcome == "look" for pair in pairs)
    assert looks <= HONEST_LOOKS[maker], table(pairs, honest=True)
