"""Classes of attackers: each is contained, has the points that it deserves, costs nobody else a point, and reads why."""

from __future__ import annotations

import tempfile
from pathlib import Path

import psutil
import pytest
from attack import Attack
from broken import BROKEN
from hostile_class import HONEST, Graded, grade_class, points, text
from in_lib import LIB
from in_notebook import ENDS, FORGERIES, OUTSIDE, PAGES, TRICKS, alone, tricks

from gradlab.course import Course

pytestmark = pytest.mark.needs_sandbox

TRICKSTERS = [
    Attack(name, "all of a kind, one after the other", "see each", tricks(name), (0, 0), "tried")
    for name in TRICKS
]
ALONE = [
    Attack(f"trick_{number}", trick.tried, trick.happens, alone(trick), (0, 0), f"tried {trick.name}")
    for number, trick in enumerate(trick for kind in TRICKS.values() for trick in kind)
    if "transformers" not in trick.name and "display" not in trick.name
]
#: name: (attackers, whether notebooks are executed, whether it belongs to the daily run)
CLASSES: dict[str, tuple[list[Attack], bool, bool]] = {
    "lib": ([attack for attack in LIB if not attack.slow], False, True),
    "broken": ([attack for attack in (*BROKEN, *FORGERIES, *PAGES) if not attack.slow], False, True),
    "notebook": ([OUTSIDE, *TRICKSTERS, *(attack for attack in ENDS if not attack.slow)], True, True),
    "ends": ([attack for attack in ENDS if attack.slow], True, False),
    "all executed": ([*LIB, *BROKEN, *FORGERIES, *PAGES, *ALONE], True, False),
}
CASES = [
    pytest.param(name, attack, id=f"{name}-{attack.name}", marks=[] if daily else pytest.mark.slow)
    for name, (attacks, _, daily) in CLASSES.items()
    for attack in attacks
]
NAMES = [
    pytest.param(name, marks=[] if daily else pytest.mark.slow) for name, (_, _, daily) in CLASSES.items()
]


@pytest.fixture(scope="module")
def classes(released: Course, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graded]:
    """Return the classes that were graded already."""
    return {}


@pytest.fixture
def grade(classes: dict[str, Graded], released: Course, tmp_path_factory: pytest.TempPathFactory):
    """Return a function that returns a class, graded once."""

    def get(name: str) -> Graded:
        if name not in classes:
            attacks, executed, _ = CLASSES[name]
            root = tmp_path_factory.mktemp("class") / "course"
            classes[name] = grade_class(released, root, attacks, executed=executed)
        return classes[name]

    return get


@pytest.mark.parametrize(("name", "attack"), CASES)
def test_everybody_gets_what_they_deserve_and_reads_why(name: str, attack: Attack, grade) -> None:
    """Points follow from what was handed in; what was odd, or wrong, is told."""
    found = grade(name)
    layer, picture = points(found, attack.name)
    assert layer == attack.points[0]
    if CLASSES[name][1]:
        assert picture == attack.points[1]
    said = text(found, attack.name)
    assert attack.told in said
    assert "REACHED" not in said


@pytest.mark.parametrize("name", NAMES)
def test_nobody_else_is_touched(name: str, grade) -> None:
    """Whoever was graded before and after the attackers has all points, and the course's files are what they were."""
    found = grade(name)
    full = (4, 2 if CLASSES[name][1] else None)
    assert {student: points(found, student) for student in HONEST} == dict.fromkeys(HONEST, full)
    assert found.untouched


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_running_or_lying_about(name: str, grade) -> None:
    """No process of a submission, and no throw-away folder outlives its grading; nothing was unpickled."""
    grade(name)
    assert not [
        p
        for p in psutil.process_iter(["cmdline"])
        if "DAEMON_OF_A_STUDENT" in " ".join(p.info["cmdline"] or [])
    ]
    assert not Path("/tmp/pickle-ran").exists()
    left = [
        path
        for kind in ("probe", "run", "work")
        for path in Path(tempfile.gettempdir()).glob(f"gradlab-{kind}-*")
    ]
    assert [path for path in left if path.stat().st_uid >= 200_000] == []
