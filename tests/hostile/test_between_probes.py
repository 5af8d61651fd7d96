"""One probe of a submission against another: nothing passes, and one that breaks costs its own item alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from attack import Change
from between_probes import BREAKERS, GIFTS, WRONG, gifts, layers, make_trio
from hostile_class import with_limits
from tiny_course import answer, submit

from gradlab import bundles, engine, verdict
from gradlab.assignment import load
from gradlab.course import Course
from gradlab.execution import Execution
from gradlab.release import release

pytestmark = pytest.mark.needs_sandbox

#: Who changes what their own probes share (files of the copy, questions) may lose the points of these as well; see docs/security.md.
SPOILS = ("plants_modules", "spoils_questions")
Points = Callable[[Change], dict[str, float | None]]


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return the released course of three exercises; only for copying."""
    course = make_trio(tmp_path_factory.mktemp("trio") / "course")
    with_limits(course)
    release(course, "tiny")
    return course


@pytest.fixture
def points(trio: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Points:
    """Return a function that runs a submission as workers do, its notebook left out, and judges it."""
    monkeypatch.setattr(bundles, "execute", lambda *args, **settings: Execution())
    shutil.copytree(trio.root, tmp_path / "course", symlinks=True)
    course = Course(tmp_path / "course")

    def of(change: Change) -> dict[str, float | None]:
        submit(course, "eve", change)
        assignment = load(course, "tiny")
        with engine.lay_out(course, assignment, "eve") as found:
            bundle = engine.bundle_of(course, assignment, found.notebook, found.folder)
            judged = verdict.judge_submission(
                course, assignment, found.folder, bundle.values, version=found.version, probes=bundle.probes
            )
        worth = {"before": 1, "shift": 4, "after": 1}
        fractions = {name: judged[name].fraction for name in worth}
        return {name: None if part is None else part * worth[name] for name, part in fractions.items()}

    return of


def test_gifts_would_do_if_they_arrived(points: Points) -> None:
    """With the function that is left, and without the walls between, the answer would be right."""
    taken = "take(open('lib/secret_ops.py').read()) if __import__('os').path.exists('lib/secret_ops.py') else take('def add(x, by): return x + by')"
    assert points(layers(f"{taken}\nreturn found[0](x, by)")) == {"before": 1, "shift": 4, "after": 1}


def test_nothing_that_is_left_behind_arrives(points: Points) -> None:
    """Everything at once: files, modules, memory, sockets, processes, answers."""
    assert points(gifts(*GIFTS)) == {"before": 1, "shift": 0, "after": 1}


@pytest.mark.slow
@pytest.mark.parametrize("gift", GIFTS, ids=lambda gift: gift.name)
def test_nothing_arrives_alone(gift, points: Points) -> None:
    """Each by itself, so that none hides behind another."""
    assert points(gifts(gift)) == {"before": 1, "shift": 0, "after": 1}


@pytest.mark.parametrize(
    "breaker",
    [pytest.param(b, id=b.name, marks=[pytest.mark.slow] if b.slow else []) for b in BREAKERS],
)
def test_who_breaks_breaks_alone(breaker, points: Points) -> None:
    """The other exercises of the same submission keep their points."""
    assert tuple(points(layers(breaker.code)).values()) == breaker.points


@pytest.mark.parametrize(
    "breaker",
    [
        pytest.param(b, id=b.name, marks=[] if b.name == "kills_all" else pytest.mark.slow)
        for b in BREAKERS
        if b.name not in SPOILS
    ],
)
def test_who_is_called_first_does_no_harm_to_the_next(breaker, points: Points) -> None:
    """Two probes that may share a sandbox: the first one breaks, the exercise of the other keeps its point."""
    found = points(layers("return np.add(x, by)", breaker.code.replace(WRONG, "\nos._exit(1)")))
    assert found == {"before": 0, "shift": 4, "after": 1}


def test_honest_work_has_all_points(points: Points) -> None:
    """The course itself is in order."""
    assert points(answer) == {"before": 1, "shift": 4, "after": 1}
