"""The fresh process: what it sees, what is kept from it, and how its end is told."""

from __future__ import annotations

import pytest

from lib.check import CheckFailed, NotJudged, check
from lib.check.cnn.checks import CHECKS
from lib.check.fresh import clip, run_probe
from lib.check.run import run_check

LAYERS = "lib/cnn/layer_utils.py"
PLACE = "conv-forward is not written yet: lib/cnn/layer_utils.py, ConvLayer2D.forward"
STUB = f"raise NotImplementedError({PLACE!r})"


def test_sees_an_edit_of_the_same_second_and_size(make_root, capsys):
    """The file on disk is what runs, although nothing but one letter of it changed a moment ago."""
    root = make_root(conv_output_size="output_size = [1, 1, 1, 1]")
    with pytest.raises(CheckFailed):
        run_check("output_size", CHECKS["output_size"], root=root)
    text = (root / LAYERS).read_text()
    (root / LAYERS).write_text(text.replace("[1, 1, 1, 1]", "[1, 2, 1, 1]"))
    with pytest.raises(CheckFailed, match=r"\[1, 2, 1, 1\]"):
        run_check("output_size", CHECKS["output_size"], root=root)


@pytest.mark.parametrize(
    "line", ["import lib.ops", "from lib.cnn.fast_layers import FastConvLayer2D", "import lib.ops.conv"]
)
def test_answers_are_withheld(line, make_root):
    """The finished layers cannot be imported into the answer."""
    with pytest.raises(CheckFailed, match="cannot be used in this exercise"):
        run_check(
            "conv_forward", CHECKS["conv_forward"], root=make_root(conv_forward=f"{line}\noutput = img")
        )


def test_unfilled_region_is_named(make_root):
    """A stub says which region is missing, in which file and method."""
    with pytest.raises(
        CheckFailed, match=r"^not written yet: conv-forward in lib/cnn/layer_utils.py \(ConvLayer2D.forward\)"
    ):
        run_check("conv_backward", CHECKS["conv_backward"], root=make_root(conv_forward=STUB))


def test_section_of_the_notebook_is_named(make_root, monkeypatch, tmp_path):
    """With the assignment.toml at hand the message names the section."""
    toml = '[[exercise]]\nname = "conv_forward"\nheading = "3"\nregions = ["conv-forward"]\n'
    (tmp_path / "assignment.toml").write_text(toml)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckFailed, match=r"section 3 of the notebook$"):
        run_check("conv_forward", CHECKS["conv_forward"], root=make_root(conv_forward=STUB))


def test_missing_file_is_named(make_root):
    """A deleted lib file is called missing."""
    root = make_root()
    (root / LAYERS).unlink()
    with pytest.raises(CheckFailed, match=r"lib/cnn/layer_utils.py is missing"):
        run_check("conv_forward", CHECKS["conv_forward"], root=root)


@pytest.mark.parametrize("named", [True, False])
def test_file_of_their_own_is_to_be_made(make_root, monkeypatch, tmp_path, named):
    """lib/extra.py was never in the release, so nothing is to be put back."""
    if named:
        (tmp_path / "assignment.toml").write_text('[lib]\nfiles = ["lib/extra.py"]\n')
    monkeypatch.chdir(tmp_path)
    root = make_root(test_cnn="from lib.extra import X\nself.net = sequential(X())")
    with pytest.raises(
        CheckFailed, match=r"lib/extra.py does not exist yet: make it \(lib/cnn/cnn_models.py:\d+"
    ):
        run_check("test_cnn", CHECKS["test_cnn"], root=root)


def test_syntax_error_is_placed(make_root):
    """A syntax error is told with file, line and text, each of them once."""
    root = make_root()
    (root / LAYERS).write_text("import numpy as np\ndef f(:\n    pass\n")
    with pytest.raises(
        CheckFailed, match=r"lib/cnn/layer_utils.py:2 is not valid Python \(SyntaxError\)[^\n]*\n *def f\(:"
    ) as caught:
        run_check("conv_forward", CHECKS["conv_forward"], root=root)
    assert str(caught.value).count("layer_utils.py") == 1
    assert "line 2" not in str(caught.value)


def test_prints_are_shown(make_root, capsys):
    """What the student's code prints is shown, on stdout."""
    root = make_root(conv_output_size="print('look', input_size)\noutput_size = [0]")
    with pytest.raises(CheckFailed):
        run_check("output_size", CHECKS["output_size"], root=root)
    out, err = capsys.readouterr()
    assert "look (32, 28, 28, 3)" in out
    assert not err


def test_endless_loop_is_stopped(make_root):
    """An endless loop ends with the time limit and says in which case."""
    root = make_root(conv_forward="while True:\n    pass")
    with pytest.raises(CheckFailed, match="took longer than 1 s in case 1 of 5"):
        run_check("conv_forward", CHECKS["conv_forward"], root=root, timeout=1)


def test_end_of_the_process_is_told(make_root):
    """A process that ends itself is told with its exit code."""
    root = make_root(conv_forward="import os\nos._exit(3)")
    with pytest.raises(CheckFailed, match=r"ended the Python process \(exit code 3\)"):
        run_check("conv_forward", CHECKS["conv_forward"], root=root)


def test_input_changed_in_place_is_told(make_root):
    """A right answer that changes its input is not passed."""
    root = make_root(pool_forward="output = np.zeros((1, 3, 3, 1))\nimg *= 2\nself.meta = img")
    answers, _ = run_probe(
        "lib.check.cnn.probes:pool_forward", [CHECKS["pool_forward"].cases()[0].inputs], root=root
    )
    assert answers[0].mutated == ("x",)


def test_while_grading_nothing_is_decided(monkeypatch, tmp_path):
    """Under autograde check() hands its arrays over, and raises what earns no points."""
    import numpy as np

    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    monkeypatch.setenv("GRADLAB_VALUES", str(tmp_path))
    with pytest.raises(NotJudged, match="the grader decides"):
        check("filters", im_array=np.ones((2, 3)), nrows=1, ncols=None, model=object())
    with np.load(tmp_path / "filters.npz") as values:
        assert sorted(values.files) == ["im_array", "nrows"]


def test_unknown_exercise_is_refused():
    """A misspelled name is told, with the names there are."""
    with pytest.raises(Exception, match=r"no exercise 'conv_forwrad'. There are: output_size"):
        check("conv_forwrad")


def test_notebook_shows_no_traceback():
    """IPython prints the message alone."""
    assert CheckFailed("a\nb")._render_traceback_() == ["Not passed yet.", "a", "b"]
    assert NotJudged("a")._render_traceback_() == ["NotJudged: a"]


def test_long_output_is_clipped():
    """Head and tail of a long print are kept."""
    rows = clip("\n".join(str(i) for i in range(100)), lines=4).splitlines()
    assert rows == ["0", "1", "... 96 lines left out ...", "98", "99"]
