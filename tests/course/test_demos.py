"""Every assignment goes the whole way: release through the gate, four submissions, grades as deserved, reports."""

from __future__ import annotations

import importlib.util

import pytest
from course_copies import ROOT

from gradlab.assignment import load
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.personas import load_personas

COURSE = Course(ROOT)
OTHERS = [name for name in COURSE.assignments() if name != "cnn_svhn"]  # test_demo.py runs that one


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_each_submission_earns_what_it_deserves(name, course_copy):
    if "torch" in load(COURSE, name).extras and importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    done = course_copy.run("gradlab", "demo", name, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Each submission earned what it deserves." in done.stdout


@pytest.mark.parametrize("name", COURSE.assignments())
def test_the_demo_knows_four_students(name):
    """The reference, another right answer, a wrong one, and nothing at all."""
    personas = list(load_personas(COURSE, load(COURSE, name)).values())
    assert [persona.variant for persona in personas][::3] == ["", None]
    assert len(personas) == 4
    assert not personas[1].partly + personas[1].none
    assert personas[2].partly + personas[2].none


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no \\[\\[persona\\]\\]"),
        ('[[persona]]\nname = "ada"\nstory = "x"\n', "begins with 'demo-'"),
        (
            '[[persona]]\nname = "demo-a"\nstory = "x"\nvariant = "lops"\n',
            "no variant 'lops'; did you mean 'loops'",
        ),
        ('[[persona]]\nname = "demo-a"\nstory = "x"\npartly = ["conv"]\n', "there is no exercise 'conv'"),
        ('[[persona]]\nname = "demo-a"\nstory = "x"\nvariants = "a"\n', "unknown key 'variants'"),
    ],
)
def test_a_mistake_in_personas_is_named(text, said, tmp_path):
    course = Course(tmp_path)
    folder = tmp_path / "exercises" / "variants" / "cnn_svhn"
    folder.mkdir(parents=True)
    (folder / "loops.py").write_text("")
    (folder / "personas.toml").write_text(text)
    with pytest.raises(GradlabError, match=said):
        load_personas(course, load(COURSE, "cnn_svhn"))
