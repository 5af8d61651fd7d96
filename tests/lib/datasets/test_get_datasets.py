"""python -m lib.datasets and get_datasets.sh: what they print and how they exit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lib.datasets import read_registry, sample
from lib.datasets.__main__ import main
from lib.errors import DatasetError

CONTENT = bytes(range(256)) * 400  # what make_file of conftest.py describes
ROOT = Path(__file__).resolve().parents[3]
REGISTRY = """
[svhn]
title = "digits"
folder = "svhn"
sample = true
mirrors = ["{url}/"]
[[svhn.file]]
name = "a.mat"
bytes = {size}
sha256 = "{sha256}"
[other]
title = "something else"
folder = "other"
mirrors = ["{url}/other"]
[[other.file]]
name = "b.gz"
bytes = 5
sha256 = "00"
"""


@pytest.fixture
def course(tmp_path, server, make_file, monkeypatch):
    """Return a course folder, made the working directory, with two sets and one assignment."""
    (tmp_path / "data").mkdir()
    file = make_file("/a.mat")
    text = REGISTRY.format(url=server.url, size=file.bytes, sha256=file.sha256)
    (tmp_path / "data" / "registry.toml").write_text(text)
    (tmp_path / "source" / "cnn").mkdir(parents=True)
    (tmp_path / "source" / "cnn" / "assignment.toml").write_text(
        '[assignment]\nname = "cnn"\ndataset = "svhn"\n'
    )
    server.pages["/a.mat"] = {"content": CONTENT}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sample, "NUM_TRAIN", 30)
    monkeypatch.setattr(sample, "NUM_TEST", 10)
    return tmp_path


def test_lists_sets_at_the_course_root(course, capsys):
    """Without a name: each set, its state, and who needs it."""
    (course / "data" / "other").mkdir()
    (course / "data" / "other" / "b.gz.part").write_bytes(b"12")
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "svhn" in out
    assert "missing" in out
    assert "40 % there" in out
    assert "needed by cnn" in out


@pytest.mark.parametrize("name", ["svhn", "cnn"])
def test_fetches_by_set_or_assignment(course, capsys, name):
    """Both names lead to the same file; the second time there is nothing to do."""
    assert main([name]) == 0
    assert (course / "data" / "svhn" / "a.mat").read_bytes() == CONTENT
    assert main([name]) == 0
    assert "already there" in capsys.readouterr().out
    assert len(list((course / "data" / "svhn").iterdir())) == 1
    main(["--list"])
    assert "complete" in capsys.readouterr().out


def test_fetches_what_the_assignment_of_the_folder_needs(course):
    """In an unpacked release no name is needed."""
    (course / "source" / "cnn" / "assignment.toml").rename(course / "assignment.toml")
    assert main([]) == 0
    assert (course / "data" / "svhn" / "a.mat").is_file()


def test_failure_is_one_sentence_and_exit_code_1(course, capsys):
    """A set whose mirror fails: sentence on stderr, and the other set is still fetched."""
    assert main(["other", "svhn"]) == 1
    err = capsys.readouterr().err
    assert "other: b.gz could not be fetched. Tried: " in err
    assert err.count("\n") == 1
    assert (course / "data" / "svhn" / "a.mat").is_file()


def test_unknown_name_lists_the_valid_ones(course, capsys):
    """A typing error costs one sentence."""
    assert main(["shvn"]) == 1
    assert (
        capsys.readouterr().err == "no data set or assignment is named 'shvn'. There are: svhn, other, cnn.\n"
    )


def test_sample_is_drawn_once(course, capsys):
    """--sample says SAMPLE, and the second time that it is there."""
    assert main(["--sample"]) == 0
    assert "SAMPLE of svhn drawn" in capsys.readouterr().out
    assert main(["cnn", "--sample"]) == 0
    assert "SAMPLE of svhn already there" in capsys.readouterr().out
    assert main([]) == 0
    assert "SAMPLE present in data/svhn-sample" in capsys.readouterr().out


def test_sample_of_a_set_without_one(course, capsys):
    """A set that cannot be drawn is named, with those that can."""
    assert main(["other", "--sample"]) == 1
    assert capsys.readouterr().err == "no sample can be drawn for 'other', only for: svhn.\n"


def test_interrupt_is_no_traceback(course, capsys, monkeypatch):
    """Ctrl-C says that the rest is kept."""

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("lib.datasets.download.fetch", interrupt)
    assert main(["svhn"]) == 130
    assert "run the command again to go on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[svhn", "registry.toml cannot be read"),
        ("[svhn]\ntitle = 'x'", "is missing or wrong. Restore the file from the release"),
    ],
)
def test_damaged_registry_is_named(course, capsys, text, words):
    """A registry that cannot be used is a sentence, not a traceback."""
    (course / "data" / "registry.toml").write_text(text)
    assert main(["svhn"]) == 1
    assert words in capsys.readouterr().err


def test_missing_registry_is_named(tmp_path):
    """The file and the folder to be in are named."""
    with pytest.raises(
        DatasetError, match=r"registry\.toml not found\. Run the command in the unpacked folder"
    ):
        read_registry(tmp_path / "registry.toml")


def test_the_registry_of_the_course_is_whole():
    """Every set has files with a size, a sha256 and more than one mirror."""
    registry = read_registry(ROOT / "data" / "registry.toml")
    assert {"svhn", "svhn_extra", "cifar10", "cifar100", "mnist"} <= set(registry)
    for entry in registry.values():
        for file in entry.files:
            assert file.bytes > 0
            assert len(file.sha256) == 64
            assert len(file.urls) > 1
            assert all(url.endswith("/" + file.name) for url in file.urls)


@pytest.fixture
def unpacked(course):
    """Return an unpacked release: script, lib and assignment.toml beside data/."""
    (course / "source" / "cnn" / "assignment.toml").rename(course / "assignment.toml")
    shutil.copy(ROOT / "get_datasets.sh", course)
    (course / "lib").mkdir()
    for name in ("__init__.py", "errors.py"):
        shutil.copy(ROOT / "lib" / name, course / "lib")
    shutil.copytree(ROOT / "lib" / "datasets", course / "lib" / "datasets", ignore=lambda *_: {"__pycache__"})
    return course


def run_script(folder, *arguments, **settings):
    """Run get_datasets.sh of a folder from elsewhere."""
    environment = {**os.environ, "PYTHON": sys.executable, **settings}
    environment.pop("PYTHONPATH", None)
    command = ["sh", str(folder / "get_datasets.sh"), *arguments]
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh")
def test_script_fetches_into_its_own_folder(unpacked):
    """The script works from any working directory, and passes names and exit codes on."""
    done = run_script(unpacked)
    assert (done.returncode, done.stderr) == (0, "")
    assert (unpacked / "data" / "svhn" / "a.mat").read_bytes() == CONTENT
    failed = run_script(unpacked, "nothing")
    assert failed.returncode == 1
    assert "no data set or assignment is named 'nothing'" in failed.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh")
def test_script_names_a_missing_package(unpacked):
    """Without numpy the reader is told what to install."""
    (unpacked / "numpy.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'numpy'\", name='numpy')\n"
    )
    done = run_script(unpacked, "--sample")
    assert done.returncode == 1
    assert "lacks the package 'numpy'. Run: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh")
def test_script_without_its_library(tmp_path):
    """A script that was copied alone says so."""
    shutil.copy(ROOT / "get_datasets.sh", tmp_path)
    done = run_script(tmp_path)
    assert done.returncode == 1
    assert "Unpack the whole release" in done.stderr
