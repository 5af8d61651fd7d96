"""Where the sets may lie: archives, folders given by hand, real files beside samples, and what grading sees of it."""

from __future__ import annotations

import os
import shutil
import tarfile

import numpy as np
import pytest

from gradlab.course import Course
from gradlab.dataset import uses_sample
from lib.datasets import CIFAR10, CIFAR100, MNIST, SETS, SVHN, CIFAR10_data, CIFAR100_data, make_sample
from lib.datasets.__main__ import main
from lib.errors import ConfigError, DatasetError

ARCHIVE, FOLDER = "cifar-10-python.tar.gz", "cifar-10-batches-py"
SIZES = {
    "svhn": {"num_train": 12, "num_test": 10},
    "cifar10": {"num_batches": 5, "per_batch": 12, "num_test": 10},
    "cifar100": {"num_train": 12, "num_test": 10},
    "mnist": {"num_train": 12, "num_test": 10},
}
LOADERS = {"svhn": SVHN, "cifar10": CIFAR10, "cifar100": CIFAR100, "mnist": MNIST}


@pytest.fixture(scope="session")
def samples(tmp_path_factory):
    """Return a data folder with a tiny sample of each set."""
    data = tmp_path_factory.mktemp("samples")
    for name, sizes in SIZES.items():
        assert make_sample(name, data / f"{name}-sample", **sizes)
    return data


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def put(samples, name, target, *, real=True):
    """Copy a sample somewhere; as real files it loses its mark."""
    shutil.copytree(samples / f"{name}-sample", target, dirs_exist_ok=True)
    for path in (samples / f"{name}-sample").iterdir() if real else ():
        path = target / path.name
        path.write_bytes(path.read_bytes().replace(b"gradlab SAMPLE", b"gradlab simple"))


def put_archive(samples, folder, tmp_path, inside=FOLDER):
    """Put a small archive in the layout of the official one."""
    put(samples, "cifar10", tmp_path / "packing")
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / ARCHIVE, "w:gz") as tar:
        tar.add(tmp_path / "packing", inside)
    return folder / ARCHIVE


@pytest.mark.parametrize("name", SETS)
def test_nothing_there_says_which_command_to_run(name, data, monkeypatch):
    with pytest.raises(DatasetError, match=rf"{name}/\S+ not found. Run: ./get_datasets.sh {name} \(or"):
        LOADERS[name](data)
    with pytest.raises(DatasetError, match=rf"data/{name}/[^/ ]+ not found"):
        LOADERS[name](data / name)
    monkeypatch.setenv("GRADLAB_DATASET", "sample")
    with pytest.raises(DatasetError, match=r"Run: python -m lib.datasets --sample"):
        LOADERS[name](data)
    monkeypatch.setenv("GRADLAB_DATASET", "both")
    with pytest.raises(ConfigError, match="neither 'real' nor 'sample'"):
        LOADERS[name](data)


@pytest.mark.parametrize("name", SETS)
def test_places(samples, data, name, capsys):
    """data/<name>, data/ itself, a folder given by hand; the sample where nothing else is there."""
    load = LOADERS[name]
    put(samples, name, data / f"{name}-sample", real=False)
    load(data / name)  # the folder that the original courses hand over
    assert "SAMPLE" in capsys.readouterr().out
    for place in (data, data / name):
        put(samples, name, place)
        for given in (data, place):
            load(given)
            assert "SAMPLE" not in capsys.readouterr().out


@pytest.mark.parametrize("name", SETS)
def test_real_and_sample_in_one_folder_are_refused(samples, data, name):
    """Every file counts, the last as well as the first."""
    put(samples, name, data / name)
    files = [path.name for path in (data / name).iterdir() if path.suffix != ".txt"]
    for file in files:
        whole = (data / name / file).read_bytes()
        shutil.copy(samples / f"{name}-sample" / file, data / name / file)
        with pytest.raises(DatasetError, match=r"is the sample and \S+ is not\. Move one of them away"):
            LOADERS[name](data)
        (data / name / file).write_bytes(whole)


def test_a_damaged_sample_is_to_be_drawn_again(samples, data):
    put(samples, "mnist", data / "mnist-sample", real=False)
    path = data / "mnist-sample" / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(
        DatasetError, match=r"Move it away. Run: python -m lib.datasets mnist --sample --force"
    ):
        MNIST(data)


def test_an_archive_is_unpacked_once(samples, data, tmp_path):
    """What ./get_datasets.sh fetched is enough; nothing but the folder stays behind."""
    archive = put_archive(samples, data / "cifar10", tmp_path)
    images, labels, *_ = CIFAR10(data)
    np.testing.assert_array_equal(images, CIFAR10(samples)[0])
    assert sorted(path.name for path in archive.parent.iterdir()) == [FOLDER, ARCHIVE]
    archive.unlink()
    np.testing.assert_array_equal(CIFAR10(data / "cifar10" / FOLDER)[1], labels)


def test_the_sample_is_found_beside_an_archive(samples, data, tmp_path, monkeypatch):
    """Who asks for the sample does not unpack the real set first."""
    archive = put_archive(samples, data / "cifar10", tmp_path)
    put(samples, "cifar10", data / "cifar10-sample", real=False)
    monkeypatch.setenv("GRADLAB_DATASET", "sample")
    assert CIFAR10_data(data_dir=data).provenance == "CIFAR-10 sample"
    assert [path.name for path in archive.parent.iterdir()] == [ARCHIVE]


@pytest.mark.parametrize("damage", ["cut", "noise", "bytes", "other", "unsafe"])
def test_an_archive_that_is_not_right_is_named(samples, data, tmp_path, damage):
    folder = data / "cifar10"
    inside = {"other": "cifar-100-python", "unsafe": f"{FOLDER}/../../../away"}.get(damage, FOLDER)
    archive = put_archive(samples, folder, tmp_path, inside)
    whole = archive.read_bytes()
    if damage == "cut":
        archive.write_bytes(whole[: len(whole) // 2])
    elif damage == "noise":
        archive.write_bytes(np.random.default_rng(0).bytes(5000))
    elif damage == "bytes":
        middle = len(whole) // 2
        archive.write_bytes(whole[:middle] + b"\xff" * 64 + whole[middle + 64 :])
    said = "holds no folder" if damage == "other" else "cannot be unpacked"
    with pytest.raises(
        DatasetError, match=rf"{ARCHIVE} {said}.*Move it away. Run: ./get_datasets.sh cifar10"
    ):
        CIFAR10(data)
    assert [path.name for path in folder.iterdir()] == [ARCHIVE]  # no half folder
    assert not (tmp_path / "away").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_an_archive_in_a_folder_that_cannot_be_written(samples, data, tmp_path):
    archive = put_archive(samples, data / "cifar10", tmp_path)
    archive.parent.chmod(0o500)
    with pytest.raises(DatasetError, match="cannot be unpacked beside itself: Permission denied"):
        CIFAR10(data)
    archive.parent.chmod(0o700)


def test_a_full_disk_is_told(samples, data, tmp_path, monkeypatch):
    archive = put_archive(samples, data / "cifar10", tmp_path)

    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", refuse)
    with pytest.raises(
        DatasetError, match=r"cannot be unpacked beside itself: No space left on device\. Free some"
    ):
        CIFAR10(data)
    assert [path.name for path in archive.parent.iterdir()] == [ARCHIVE]


def test_batches_that_are_missing_make_a_part(samples, data):
    put(samples, "cifar10", data / "cifar10")
    for number in (3, 5):
        (data / "cifar10" / f"data_batch_{number}").unlink()
    assert CIFAR10_data(data_dir=data).provenance == "CIFAR-10 part: 36 of 50000 images"


def test_a_color_of_one_level_is_not_divided_by_zero(samples, data, monkeypatch):
    found = CIFAR100(samples)
    found.train_images[..., 1] = 7
    monkeypatch.setattr("lib.datasets.cifar100._read", lambda _: found)
    loaded = CIFAR100_data(samples)
    assert loaded["std_image"].ravel()[1] == 1
    assert np.isfinite(loaded["data_train"]).all()


def test_grading_sees_an_archive_that_nobody_has_unpacked(samples, data, tmp_path, monkeypatch):
    """The real set, just fetched, is not passed over for the sample."""
    monkeypatch.delenv("GRADLAB_DATASET", raising=False)
    course = Course(tmp_path)
    put(samples, "cifar10", data / "cifar10-sample", real=False)
    assert uses_sample(course, "cifar10")
    archive = put_archive(samples, data / "cifar10", tmp_path)
    assert not uses_sample(course, "cifar10")
    CIFAR10(data)
    archive.unlink()
    assert not uses_sample(course, "cifar10")


def test_the_command_draws_every_sample(data, monkeypatch, capsys):
    """Without a name all four, with a name that one; the list says which are there."""
    for name, about in list(SETS.items()):
        make = about.make_sample
        small = type(about)(**{**vars(about), "maker": about.maker})
        object.__setattr__(
            small,
            "make_sample",
            lambda folder, force, make=make, name=name: make(folder, force=force, **SIZES[name]),
        )
        monkeypatch.setitem(SETS, name, small)
    monkeypatch.setenv("GRADLAB_DATA", str(data))
    assert main(["--sample", "mnist"]) == 0
    assert [path.name for path in data.iterdir()] == ["mnist-sample"]
    assert main(["--sample"]) == 0
    said = capsys.readouterr().out
    assert "mnist-sample: SAMPLE of mnist already there. Not the real data." in said
    assert said.count("drawn. Not the real data.") == 4
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.count("SAMPLE present in") == 4
    assert main(["--sample", "svhn_extra"]) == 1
    assert "only for: svhn, cifar10, cifar100, mnist" in capsys.readouterr().err


def test_the_list_knows_files_that_are_not_the_archive(samples, data, monkeypatch, capsys):
    """The .mat files of CIFAR-100 cannot be verified, but they are there."""
    monkeypatch.setenv("GRADLAB_DATA", str(data))
    put(samples, "cifar100", data / "cifar100")
    put(
        samples, "cifar10", data / "cifar10", real=False
    )  # a sample in the place of the real files is no real set
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("MB")[1].split("  ")[1] for line in lines if " cifar10" in line and "MB" in line] == [
        "missing",
        "files are there, not verified",
    ]


def test_a_sample_of_an_unknown_set_is_refused(data):
    with pytest.raises(DatasetError, match=r"no sample can be drawn for 'cifar'.*only for: svhn, cifar10"):
        make_sample("cifar", data)
