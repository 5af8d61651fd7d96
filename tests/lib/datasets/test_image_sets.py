"""CIFAR-10, CIFAR-100 and MNIST: samples, real parts, both forms of a set, files that are damaged or hostile."""

from __future__ import annotations

import gzip
import hashlib
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import io as scipy_io

from lib.datasets import CIFAR10, CIFAR100, MNIST, SETS, CIFAR10_data, CIFAR100_data, MNIST_data
from lib.datasets.__main__ import main
from lib.datasets.locate import is_sample
from lib.datasets.pickles import load_pickle
from lib.datasets.sample_files import make_cifar10_sample, make_cifar100_sample, make_mnist_sample
from lib.errors import ConfigError, DatasetError

REAL = os.environ.get("GRADLAB_REAL_DATA")
needs_real = pytest.mark.skipif(not REAL, reason="GRADLAB_REAL_DATA is not set")


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch):
    monkeypatch.delenv("GRADLAB_DATASET", raising=False)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """Return a data folder with small samples of the three sets."""
    data = tmp_path_factory.mktemp("drawn")
    make_cifar10_sample(data / "cifar10-sample", num_batches=2, per_batch=60, num_test=40)
    make_cifar100_sample(data / "cifar100-sample", num_train=120, num_test=40)
    make_mnist_sample(data / "mnist-sample", num_train=120, num_test=40)
    return data


@pytest.fixture
def data(drawn, tmp_path):
    """Return sets that a test may damage, without the mark of a sample: small ones where the official ones lie."""
    for name in ("cifar10", "cifar100", "mnist"):
        folder = tmp_path / "data" / name
        shutil.copytree(drawn / f"{name}-sample", folder)
        for path in folder.iterdir():
            path.write_bytes(path.read_bytes().replace(b"gradlab SAMPLE", b"gradlab simple"))
    return tmp_path / "data"


def digest(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path(folder).glob("*"))
    }


def test_cifar10_sample_loads_in_both_layouts_of_axes(drawn, capsys):
    data = CIFAR10_data(data_dir=drawn)
    assert data.provenance == "CIFAR-10 sample"
    assert "SAMPLE, drawn images" in capsys.readouterr().out
    assert data["X_train"].shape == (100, 3, 32, 32)
    assert data["X_val"].shape == (20, 3, 32, 32)
    assert data["X_train"].dtype == np.float32
    assert data["y_train"].dtype == np.int64
    np.testing.assert_allclose(data["X_train"].mean(axis=0), 0, atol=1e-4)
    images, labels, *_, names = CIFAR10(drawn)
    first = data["X_train"][0] + data["mean_image"]
    np.testing.assert_allclose(first.transpose(1, 2, 0), images[0], atol=1e-3)
    last = CIFAR10_data(data_dir=drawn, channels_first=False, subtract_mean=False)
    np.testing.assert_array_equal(last["X_train"][0], images[0])
    assert not last["mean_image"].any()
    assert len(names) == 10
    assert set(labels.tolist()) <= set(range(10))


def test_cifar100_sample_is_normalized_by_color(drawn):
    data = CIFAR100_data(drawn)
    assert data.provenance == "CIFAR-100 sample"
    assert data["mean_image"].shape == data["std_image"].shape == (1, 1, 1, 3)
    np.testing.assert_allclose(data["data_train"].mean(axis=(0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(data["data_train"].std(axis=(0, 1, 2)), 1, atol=1e-3)
    assert len(data["label_names"]) == 20
    assert len(data["fine_names"]) == len(set(data["fine_names"])) == 100
    np.testing.assert_array_equal(data["fine_train"] // 5, data["labels_train"])
    back = data["data_test"] * data["std_image"] + data["mean_image"]
    np.testing.assert_allclose(back * 255, CIFAR100(drawn).test_images, atol=1e-2)


def test_mnist_takes_the_parts_of_the_original_split(drawn):
    images, labels, _, _ = MNIST(drawn)
    data = MNIST_data(50, 20, 40, drawn)
    assert data["X_train"].shape == (50, 1, 28, 28)
    np.testing.assert_array_equal(data["y_valid"], labels[100:])  # five sixths are for training
    np.testing.assert_allclose(data["X_valid"][:, 0] * 255, images[100:], atol=1e-4)
    with pytest.raises(DatasetError, match=r"num_training=101, but .* has 100"):
        MNIST_data(101, data_dir=drawn)


def test_cifar100_pickles_and_mat_files_hold_the_same(drawn, tmp_path):
    """The python version of the same images gives the same arrays."""
    folder = tmp_path / "cifar100" / "cifar-100-python"
    folder.mkdir(parents=True)
    found = CIFAR100(drawn)
    for part in ("train", "test"):
        images = getattr(found, f"{part}_images")
        content = {
            "filenames": ["a.png"] * len(images),
            "batch_label": "x",
            "fine_labels": getattr(found, f"{part}_fine").tolist(),
            "coarse_labels": getattr(found, f"{part}_coarse").tolist(),
            "data": images.transpose(0, 3, 1, 2).reshape(len(images), -1),
        }
        (folder / part).write_bytes(pickle.dumps(content, protocol=2))
    meta = {"fine_label_names": found.fine_names, "coarse_label_names": found.coarse_names}
    (folder / "meta").write_bytes(pickle.dumps(meta, protocol=2))
    pickled = CIFAR100_data(tmp_path)
    mat = CIFAR100_data(drawn)
    assert pickled.provenance == "CIFAR-100 part: 120 of 50000 images"
    for name, value in mat.items():
        np.testing.assert_array_equal(value, pickled[name])


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "mnist"])
def test_samples_are_the_same_bytes_each_time_and_known_as_samples(name, tmp_path):
    make = {
        "cifar10": lambda folder, **kw: make_cifar10_sample(
            folder, num_batches=1, per_batch=20, num_test=20, **kw
        ),
        "cifar100": lambda folder, **kw: make_cifar100_sample(folder, num_train=20, num_test=20, **kw),
        "mnist": lambda folder, **kw: make_mnist_sample(folder, num_train=20, num_test=20, **kw),
    }[name]
    assert make(tmp_path / "one")
    assert make(tmp_path / "two")
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    assert not make(tmp_path / "one")  # there already
    assert make(tmp_path / "one", force=True)
    files = [path for path in (tmp_path / "one").iterdir() if path.suffix != ".txt"]
    assert all(is_sample(path) for path in files)
    files[0].write_bytes(b"mine")
    with pytest.raises(DatasetError, match="is not a sample and is left alone"):
        make(tmp_path / "one")


class Evil:
    def __reduce__(self):
        return (os.system, ("touch evil",))


def test_a_pickle_that_runs_something_is_refused(data, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    path = data / "cifar10" / "data_batch_2"
    path.write_bytes(pickle.dumps({"batch_label": "training", "data": Evil()}, protocol=2))
    with pytest.raises(
        DatasetError, match=r"data_batch_2 cannot be read \(it asks for posix.system, which no"
    ):
        CIFAR10(data)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "name", ["builtins.eval", "os.system", "numpy.load", "numpy.f2py.crackfortran._eval"]
)
def test_a_name_that_no_data_need_is_refused(name, tmp_path):
    """Whatever the pickle does with it, it does not even get the name."""
    module, _, attribute = name.rpartition(".")
    path = tmp_path / "batch"
    path.write_bytes(f"\x80\x02c{module}\n{attribute}\n.".encode("latin1"))
    with pytest.raises(DatasetError, match=rf"it asks for {name}, which no data need.*Move it away. Again.$"):
        load_pickle(path, "Again.")


def batch(**changes):
    content = {"batch_label": "training", "labels": [1, 2], "data": np.zeros((2, 3072), np.uint8)}
    return pickle.dumps(content | changes, protocol=4)  # Python 2's has no way to say that an array is empty


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read"),
        (batch()[:-40], r"cannot be read .*Move it away. Run: ./get_datasets.sh cifar10"),
        (pickle.dumps(["training"], protocol=2), "holds a list, wanted a dictionary"),
        (batch(data=np.zeros((2, 3071), np.uint8)), r"is uint8 \(2, 3071\), wanted uint8 \(N, 3072\)"),
        (batch(data=np.zeros((2, 3072))), r"is float64 \(2, 3072\), wanted uint8"),
        (batch(data=np.zeros((0, 3072), np.uint8), labels=[]), r"is uint8 \(0, 3072\), wanted"),
        (batch(data=[1]), "'data' in .* is list"),
        (batch(labels=[1]), "'labels' in .* is not one class of 0 to 9 for each of 2 images"),
        (batch(labels=[1, 10]), "'labels' in .* is not one class of 0 to 9"),
        (batch(labels=[1, -1]), "'labels' in .* is not one class of 0 to 9"),
        (batch(labels=[1, [2, 3]]), "'labels' in .* is not one class of 0 to 9"),
        (batch(labels=None), "'labels' in .* is not one class of 0 to 9"),
    ],
)
def test_damaged_cifar10_batches_are_named(data, content, said):
    path = data / "cifar10" / "data_batch_2"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=rf"data_batch_2.*{said}|{said}"):
        CIFAR10(data)


def test_names_of_cifar10_are_ten(data):
    (data / "cifar10" / "batches.meta").write_bytes(pickle.dumps({"label_names": ["a"]}, protocol=2))
    with pytest.raises(DatasetError, match=r"batches\.meta holds no ten label_names"):
        CIFAR10(data)


MAT = {
    "data": np.zeros((2, 3072), np.uint8),
    "fine_labels": np.array([[1], [99]], np.uint8),
    "coarse_labels": np.array([[1], [2]], np.uint8),
}
NAMES = np.array([f"name {number}" for number in range(20)], object)[:, None]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "train.mat",
            MAT | {"fine_labels": MAT["fine_labels"] + 1},
            "'fine_labels' in .* of 0 to 99 for each of 2",
        ),
        ("train.mat", MAT | {"coarse_labels": MAT["fine_labels"]}, "'coarse_labels' in .* of 0 to 19"),
        ("train.mat", MAT | {"coarse_labels": -MAT["coarse_labels"].astype(int)}, "'coarse_labels' in"),
        ("test.mat", MAT | {"data": MAT["data"][:1]}, "'coarse_labels' in .* for each of 1 images"),
        ("test.mat", {"X": MAT["data"]}, "'data' in .* is NoneType, wanted uint8"),
        (
            "meta.mat",
            {"coarse_label_names": NAMES[:19]},
            "'coarse_label_names' in .* holds 19 names, wanted 20",
        ),
        ("meta.mat", {"coarse_label_names": NAMES}, "'fine_label_names' in .* holds 0 names, wanted 100"),
    ],
)
def test_mat_files_that_are_not_cifar100_are_named(data, name, content, said):
    scipy_io.savemat(data / "cifar100" / name, content)
    with pytest.raises(DatasetError, match=rf"CIFAR-100: {said}.*Move it away"):
        CIFAR100(data)


def test_a_file_that_is_cut_off_is_named(data):
    path = data / "cifar100" / "train.mat"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DatasetError, match=r"train\.mat is damaged or no \.mat file"):
        CIFAR100(data)


def test_damaged_mnist_files_are_named(data):
    folder = data / "mnist"
    path = folder / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError, match="is damaged or no gz file"):
        MNIST(data)
    with gzip.open(path, "wb") as stream:
        stream.write(b"\0\0\x08\x03" + b"\0\0\0\x05" + b"\0\0\0\x1c" * 2 + b"\0")
    with pytest.raises(DatasetError, match="is no IDX file of bytes with 3 axes, or cut off"):
        MNIST(data)
    path.write_bytes(whole)
    with gzip.open(folder / "train-labels-idx1-ubyte.gz", "wb") as stream:
        stream.write(b"\0\0\x08\x01" + b"\0\0\0\x05" + b"\1" * 5)
    with pytest.raises(
        DatasetError, match=r"images \(120, 28, 28\), train-labels\S+ labels \(5,\) up to 1; wanted"
    ):
        MNIST(data)
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DatasetError, match=r"t10k-labels-idx1-ubyte.gz not found, though train-images"):
        MNIST(data)


def test_wrong_numbers_of_images_are_named(drawn):
    assert len(CIFAR10_data(np.int64(40), np.int32(10), data_dir=drawn)["X_train"]) == 40
    assert len(MNIST_data(data_dir=drawn)["X_train"]) == 100  # by default, what there is
    with pytest.raises(ConfigError, match=r"num_training=0 must be a whole number, at least 1"):
        CIFAR10_data(0, data_dir=drawn)
    with pytest.raises(DatasetError, match=r"need 130 images, .* has 120. Ask for fewer"):
        CIFAR100_data(drawn, 100, 30)


def test_the_table_of_sets_draws_and_reads_held_back_images(drawn):
    for name, channels in (("cifar10", 3), ("cifar100", 3), ("mnist", 1)):
        one = SETS[name].draw(12, np.random.default_rng(4))
        other = SETS[name].draw(12, np.random.default_rng(4))
        np.testing.assert_array_equal(one[0], other[0])
        side = 28 if name == "mnist" else 32
        assert one[0].shape == (12, side, side, channels)
        assert one[0].dtype == np.uint8
        assert one[1].max() < SETS[name].num_classes
        images, labels = SETS[name].test_images(drawn)
        assert images.shape == (40, side, side, channels)
        assert labels.shape == (40,)


def test_the_command_draws_every_sample(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GRADLAB_DATA", str(tmp_path))
    assert main(["--sample", "cifar10"]) == 0
    assert "SAMPLE of cifar10 drawn. Not the real data." in capsys.readouterr().out
    assert main(["--list"]) == 0
    said = capsys.readouterr().out
    assert said.count("SAMPLE present in") == 1
    assert main(["--sample", "svhn_extra"]) == 1
    assert "only for: svhn, cifar10, cifar100, mnist" in capsys.readouterr().err


@needs_real
def test_real_cifar10_part():
    _, labels, _, test_labels, names = CIFAR10(REAL)
    assert np.bincount(labels).tolist() == [1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981]
    assert len(test_labels) == 2000
    assert names[0] == "airplane"
    assert CIFAR10_data(data_dir=REAL).provenance == "CIFAR-10 part: 10000 of 50000 images"


@needs_real
def test_real_cifar100_part():
    data = CIFAR100_data(REAL)
    assert data["labels_train"][:5].tolist() == [11, 15, 4, 14, 1]
    assert data["label_names"][11] == "large_omnivores_and_herbivores"
    assert data.provenance == "CIFAR-100 part: 15000 of 50000 images"


@needs_real
def test_real_mnist():
    data = MNIST_data(10000, data_dir=REAL)
    assert data.provenance == "MNIST"
    assert data["y_train"][:9].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1]
    _, labels, _, test_labels = MNIST(REAL)
    assert len(labels) == 60000
    np.testing.assert_array_equal(data["y_valid"], labels[50000:50500])
    assert np.bincount(test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
