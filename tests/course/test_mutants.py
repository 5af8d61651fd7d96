"""The checks are checked: every coded exercise has right and wrong answers, and they are treated as they deserve."""

from __future__ import annotations

import importlib.util

import pytest
from course_copies import ROOT

from gradlab import mutant_runs
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.lib_regions import lib_regions
from gradlab.mutants import exercises_of, load_mutants

COURSE = Course(ROOT)
KEYS = sorted(exercises_of(COURSE))
TORCH = importlib.util.find_spec("torch") is not None


def needs(key):
    return pytest.param(
        key, marks=pytest.mark.skipif(key[0] == "intro" and not TORCH, reason="torch is not installed")
    )


@pytest.mark.parametrize("key", [needs(key) for key in KEYS], ids="/".join)
def test_each_exercise_has_enough_answers_in_the_right_format(key):
    """Six wrong and three right ones at least, each with a story; every edit fits its base once."""
    mutants = load_mutants(COURSE, *key, lib_regions(COURSE))
    assert len({mutant.name for mutant in mutants}) == len(mutants)


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(name, marks=pytest.mark.slow)  # a minute for mlp; PyTorch takes seconds to start
        if name in ("convnet", "intro", "mlp")
        else name
        for name in sorted({key[0] for key in KEYS})
    ],
)
def test_one_right_and_one_wrong_answer_of_each_exercise(family):
    """The others are run by `make mutants`."""
    if family == "intro" and not TORCH:
        pytest.skip("torch is not installed")
    outcomes = mutant_runs.run_all(COURSE, family, workers=1, few=True)
    assert outcomes
    assert {f"{o.exercise} {o.name}": o.problem for o in outcomes if o.problem} == {}


@pytest.mark.slow
@pytest.mark.parametrize("family", sorted({key[0] for key in KEYS}))
def test_every_answer_is_treated_as_it_deserves(family):
    if family == "intro" and not TORCH:
        pytest.skip("torch is not installed")
    outcomes = mutant_runs.run_all(COURSE, family)
    assert {f"{o.exercise} {o.name}": o.problem for o in outcomes if o.problem} == {}


def test_a_broken_file_of_answers_is_named(tmp_path):
    course = Course(tmp_path)
    folder = tmp_path / "exercises" / "mutants" / "cnn"
    folder.mkdir(parents=True)
    reference = lib_regions(COURSE)
    with pytest.raises(GradlabError, match="not found; write at least 6 wrong and 3 right"):
        load_mutants(course, "cnn", "conv_forward", reference)
    path = folder / "conv_forward.py"
    body = "    ### BEGIN SOLUTION conv-forward\n    output = 1\n    ### END SOLUTION\n"
    path.write_text(f'"""x"""\n\n\ndef right_a():\n    """A."""\n{body}')
    with pytest.raises(GradlabError, match="1 right and 0 wrong answers, wanted at least 3 and 6"):
        load_mutants(course, "cnn", "conv_forward", reference)
    path.write_text(f'"""x"""\n\n\ndef right_a():\n{body}')
    with pytest.raises(GradlabError, match="right_a does not say what this student did"):
        load_mutants(course, "cnn", "conv_forward", reference)
    path.write_text(
        f'"""x"""\n\n\ndef right_a():\n    """A."""\n{body}\n\nEDITS = [("wrong_b", "B.", "right_a", "no", "yes")]\n'
    )
    with pytest.raises(
        GradlabError, match="the edit 'wrong_b' replaces a text that occurs 0 times in right_a"
    ):
        load_mutants(course, "cnn", "conv_forward", reference)


def test_outcomes_are_judged():
    def outcome(name, message, fraction, seconds=1.0):
        return mutant_runs.Outcome("f", "e", name, "story", message, fraction, seconds)

    assert outcome("wrong_a", "dx has the wrong sign", 0.5).problem == ""
    assert outcome("wrong_a", "", 0.5).problem == "the check lets it pass"
    assert outcome("wrong_a", "bad", 1.0).problem == "the judge gives all points"
    assert outcome("wrong_a", "bad", None).problem == "the judge gives all points"
    assert outcome("right_a", "", 1.0).problem == ""
    assert outcome("right_a", "bad", 1.0).problem.startswith("the check refuses it")
    assert outcome("right_a", "", 0.9).problem == "the judge gives 0.9 of the points"
    assert "25 s" in outcome("right_a", "", 1.0, 25.0).problem
    said = mutant_runs.table([outcome("wrong_a", "e, check 2 of 3: small | images\n  dx: wrong", 0.5)])
    assert "| story | check 2 of 3: dx: wrong | 50% |" in said
