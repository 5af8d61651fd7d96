"""The gate on the real assignment: a broken reference and a stub that passes are refused, and nothing is left."""

from __future__ import annotations

import pytest

NAME = "cnn_svhn"

pytestmark = pytest.mark.slow


def release(course):
    """Release through the gate; return exit code and what was said."""
    done = course.run("gradlab", "release", NAME, "--force")
    return done.returncode, done.stdout + done.stderr


def test_release_passes_the_gate_on_a_fresh_clone(course_copy):
    """No data, no earlier release: the sample is drawn and the release made."""
    code, said = release(course_copy)
    assert code == 0, said
    assert (course_copy.root / f"release/{NAME}.zip").is_file()


def test_gate_names_the_exercise_whose_reference_is_wrong(course_copy):
    """A slip in the reference must not reach students; the release that was there stays."""
    path = course_copy.root / "lib/cnn/layer_utils.py"
    right = path.read_text(encoding="utf-8")
    wrong = right.replace("        output += b\n        self.meta = img\n", "        self.meta = img\n")
    assert wrong != right
    path.write_text(wrong, encoding="utf-8")
    before = (course_copy.root / f"release/{NAME}.zip").read_bytes()
    try:
        code, said = release(course_copy)
    finally:
        path.write_text(right, encoding="utf-8")
    assert code == 1
    assert "reference, check conv_forward" in said
    assert "Traceback" not in said
    assert (course_copy.root / f"release/{NAME}.zip").read_bytes() == before


def test_gate_names_the_exercise_that_the_stub_passes(course_copy):
    """An answer that is given away by mistake is noticed because the untouched release passes its check."""
    path = course_copy.root / f"source/{NAME}/assignment.toml"
    right = path.read_text(encoding="utf-8")
    path.write_text(
        right.replace('    "conv-output-size",\n', "", 1)
        .replace("given = [", 'given = [\n    "conv-output-size",')
        .replace('regions = ["conv-output-size"]', "regions = []"),
        encoding="utf-8",
    )
    try:
        code, said = release(course_copy)
    finally:
        path.write_text(right, encoding="utf-8")
    assert code == 1
    assert "stub, check output_size: passes although nothing is written" in said
