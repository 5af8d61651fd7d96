"""The leak scan: each kind of leak is found, and an honest release is clean."""

from __future__ import annotations

import json
import py_compile
import shutil
from pathlib import Path

import pytest
from course_factory import ANSWER, edit

from gradlab import leaks
from gradlab.assignment import load


@pytest.fixture
def folder(released, tmp_path):
    """Return a copy of an honest release, to be spoiled."""
    _, made = released
    return shutil.copytree(made.folder, tmp_path / "spoiled")


def scan(released: tuple, folder: Path) -> list[leaks.Leak]:
    """Scan a folder as a release of the shared course."""
    course, _ = released
    return leaks.scan(course, load(course, "tiny"), folder)


def codes(found: list[leaks.Leak], path: str = "") -> set[str]:
    """Return the codes found; LEAK06 stands for any change and is left out."""
    return {leak.code for leak in found if leak.path.startswith(path)} - {"LEAK06"}


def test_honest_release_is_clean(released):
    """Nothing is found where nothing is wrong."""
    course, made = released
    assert scan((course, made), made.folder) == []


def append(name, text):
    """Return a spoiler that adds a text to a file."""
    return lambda folder: (folder / name).write_text((folder / name).read_text() + text)


LINE = "shifted = padded[1 + offset : len(padded) - 1 + offset]"
SHARPEN = "sharpened = 2.0 * x - sum(x[i : i + 3] for i in range(7)) / 3.0"
HIDDEN_TEST = "assert np.allclose(Blur().forward(np.arange(5.0))[2:4], [2, 3])"
SURVIVORS = {
    "comment": append("lib/tools.py", f"# {LINE}\n"),
    "other white space": append("lib/tools.py", f"#{LINE.replace(' ', '')}\n"),
    "docstring": append("lib/tools.py", f'"""\n{LINE}\n"""\n'),
    "wrapped": append("lib/tools.py", f"# {LINE[:40]}\n#     {LINE[40:]}\n"),
    "code": append("lib/tools.py", f"\n\ndef shift(padded, offset):\n    {LINE}\n    return shifted\n"),
    "prose": append("README.md", f"Hint: `{LINE}`\n"),
    "unshipped region": append("README.md", f"> {SHARPEN}\n"),
    "notebook answer": append("README.md", "width = len(Blur().forward(np.ones(31)))\n"),
    "written answer": append("README.md", f"{ANSWER}\n"),
}


@pytest.mark.parametrize("spoil", SURVIVORS.values(), ids=SURVIVORS.keys())
def test_line_of_an_answer_is_found(released, folder, spoil):
    """LEAK01: however it got there and whatever it looks like."""
    spoil(folder)
    assert "LEAK01" in codes(scan(released, folder))


def test_finding_names_file_line_region_and_its_line(released, folder):
    """A person can go there."""
    append("lib/tools.py", f"# {LINE}\n")(folder)
    found = next(leak for leak in scan(released, folder) if leak.code == "LEAK01")
    assert str(found) == ("LEAK01 lib/tools.py:9: line 3 of region 'blur-forward' (lib/layers.py) survives")


def test_line_that_stands_in_public_code_is_no_leak(course, released, folder):
    """A line that lib says elsewhere anyway tells nobody anything."""
    edit(
        course.lib / "tools.py",
        "def halve(x):",
        f"def shift(padded, offset):\n    {LINE}\n    return shifted\n\n\ndef halve(x):",
    )
    append("README.md", f"In lib/tools.py: `{LINE}`\n")(folder)
    assert codes(leaks.scan(course, load(course, "tiny"), folder)) == set()


def test_comment_in_lib_does_not_make_an_answer_public(course, released, folder):
    """The copy in a comment is the leak, not the permission."""
    append("lib/tools.py", f"# {LINE}\n")(course.root)
    shutil.copy(course.lib / "tools.py", folder / "lib" / "tools.py")
    assert "LEAK01" in codes(leaks.scan(course, load(course, "tiny"), folder), "lib/tools.py")


def test_whole_answer_copied_as_code_is_found(course, folder):
    """Three lines in a row are an answer, even where each line alone is public through that copy."""
    body = "\n".join((course.lib / "layers.py").read_text().split("\n")[12:16])
    append("lib/tools.py", f"\n\ndef reference(np, x, out):\n    if True:\n{body}\n    return out\n")(
        course.root
    )
    shutil.copy(course.lib / "tools.py", folder / "lib" / "tools.py")
    assert "LEAK01" in codes(leaks.scan(course, load(course, "tiny"), folder), "lib/tools.py")


def test_short_and_common_lines_are_no_leak(released, folder):
    """Lines that anybody writes are not answers."""
    append(
        "lib/tools.py",
        "\n\ndef pad(np, x):\n    out = np.zeros_like(x)\n    for offset in (-1, 0, 1):\n        out += x\n",
    )(folder)
    assert codes(scan(released, folder)) == set()


def compiled(folder):
    """Leave bytecode beside a module, as an import of the unstripped file would."""
    (folder / "lib/__pycache__").mkdir()
    py_compile.compile(
        str(folder / "lib/layers.py"), cfile=str(folder / "lib/__pycache__/layers.cpython-311.pyc")
    )


def output(folder):
    """Leave an output in the notebook."""
    path = folder / "tiny.ipynb"
    data = json.loads(path.read_text())
    data["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}]
    path.write_text(json.dumps(data))


def cell_metadata(folder):
    """Hide an answer in the metadata of a cell."""
    path = folder / "tiny.ipynb"
    data = json.loads(path.read_text())
    data["cells"][1]["metadata"]["old"] = LINE
    path.write_text(json.dumps(data))


def write(name, content):
    """Return a spoiler that adds a file."""

    def spoil(folder):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return spoil


SPOILERS = {
    "marker": (append("lib/tools.py", "### END SOLUTION\n"), {"LEAK02"}),
    "marker in prose": (append("README.md", "between BEGIN SOLUTION and the end\n"), {"LEAK02"}),
    "marker in UTF-16": (write("notes.txt", "### BEGIN SOLUTION a".encode("utf-16")), {"LEAK02"}),
    "bytecode": (compiled, {"LEAK03"}),
    "extension": (write("lib/fast.so", b"\x7fELF\x02"), {"LEAK03"}),
    "extension in disguise": (write("images/dot2.png", b"\x7fELF\x02\xff\xfe"), {"LEAK03"}),
    "outputs": (output, {"LEAK04"}),
    "answer in metadata": (cell_metadata, {"LEAK01"}),
    "judges": (write("exercises/tiny.py", "x = 1\n"), {"LEAK05"}),
    "tools": (write("gradlab/__init__.py", ""), {"LEAK05"}),
    "gradebook": (write("gradebook.db", b"SQLite format 3\0\xff"), {"LEAK05", "LEAK10"}),
    "import of the tools": (append("lib/tools.py", "from gradlab import leaks\n"), {"LEAK05"}),
    "broken module": (append("lib/tools.py", "def f(:\n"), {"LEAK07"}),
    "module in another encoding": (write("lib/extra.py", b"# caf\xe9\n"), {"LEAK07"}),
    "hidden test": (append("README.md", f"{HIDDEN_TEST}\n"), {"LEAK08"}),
    "delimiter": (append("README.md", "### BEGIN MARK SCHEME\n"), {"LEAK08"}),
    "link": (lambda folder: (folder / "old").symlink_to(folder / "lib"), {"LEAK09"}),
    "data set": (write("data/train_32x32.mat", b"MATLAB 5.0 MAT-file\xff"), {"LEAK10"}),
    "model": (write("model.npz", b"PK\x03\x04\xff"), {"LEAK10"}),
    "archive in disguise": (write("images/a.png", b"PK\x03\x04\xff"), {"LEAK10"}),
    "home": (append("README.md", f"see {Path.home()}/course/notes\n"), {"LEAK11"}),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "expected"), SPOILERS.values(), ids=SPOILERS.keys())
def test_each_kind_of_leak_is_found(released, folder, spoil, expected):
    """Every code of the table has a release that earns it, and only it."""
    spoil(folder)
    assert codes(scan(released, folder)) == expected


def test_copy_of_a_judge_under_another_name_is_found(released, folder):
    """LEAK05 looks at contents, too."""
    course, _ = released
    shutil.copy(course.exercises / "tiny.py", folder / "lib" / "extra.py")
    assert "LEAK05" in codes(scan(released, folder))


def test_secret_of_the_course_is_found(course, released, folder):
    """LEAK11 knows the secret that seeds the probes."""
    append("README.md", course.secret().decode())(folder)
    assert "LEAK11" in codes(leaks.scan(course, load(course, "tiny"), folder))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (write("notes.txt", "hello"), "is not in the manifest"),
        (append("README.md", "hello"), "has changed since the manifest was written"),
        (lambda folder: (folder / "lib/tools.py").unlink(), "is in the manifest and missing"),
        (lambda folder: (folder / "release.json").write_text("{"), "release.json is damaged"),
        (lambda folder: (folder / "release.json").unlink(), "release.json not found"),
    ],
    ids=["added", "changed", "missing", "damaged manifest", "no manifest"],
)
def test_file_that_disagrees_with_the_manifest_is_found(released, folder, spoil, sentence):
    """LEAK06: what is released is what was listed."""
    spoil(folder)
    assert any(leak.code == "LEAK06" and sentence in leak.sentence for leak in scan(released, folder))


def test_scan_makes_no_secret(course, released):
    """Looking is not a reason to make one."""
    _, made = released
    leaks.scan(course, load(course, "tiny"), made.folder)
    assert not course.private.exists()
