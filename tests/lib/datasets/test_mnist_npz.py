"""The mnist.npz of the original course: written, read back, known as a sample, refused when it is something else."""

from __future__ import annotations

import numpy as np
import pytest

from lib.datasets import MNIST, MNIST_data, mnist_npz
from lib.datasets.locate import is_sample
from lib.datasets.sample_files import make_mnist_sample
from lib.errors import DatasetError


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """Return a data folder with a small sample."""
    data = tmp_path_factory.mktemp("drawn_mnist")
    make_mnist_sample(data / "mnist-sample", num_train=120, num_test=40)
    return data


@pytest.fixture
def data(drawn, tmp_path):
    """Return a data folder with the same files, not marked as a sample."""
    (tmp_path / "data").mkdir()
    for path in (drawn / "mnist-sample").glob("*.gz"):
        unmarked = path.read_bytes().replace(b"gradlab SAMPLE", b"gradlab simple")
        (tmp_path / "data" / path.name).write_bytes(unmarked)
    return tmp_path / "data"


def test_mnist_npz_has_the_original_course_layout_and_loads_alike(data, tmp_path):
    path = mnist_npz(tmp_path / "npz" / "mnist.npz", data)
    with np.load(path) as archive:
        shapes = {name: archive[name].shape for name in archive.files}
        assert archive["X_train"].dtype == np.float32
        assert archive["y_train"].dtype == np.int32
    assert shapes == {
        "X_train": (100, 784),
        "X_valid": (20, 784),
        "X_test": (40, 784),
        "y_train": (100,),
        "y_valid": (20,),
        "y_test": (40,),
    }
    one, other = MNIST_data(50, 20, 40, data), MNIST_data(50, 20, 40, path.parent)
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])


def test_an_npz_of_the_sample_is_still_a_sample(drawn, data, tmp_path, monkeypatch):
    """Its arrays are those of the original course; one name more says what it is."""
    path = mnist_npz(tmp_path / "mnist.npz", drawn)
    assert is_sample(path)
    assert MNIST_data(50, 20, 40, tmp_path).provenance == "MNIST sample"
    monkeypatch.setenv("GRADLAB_DATASET", "real")
    with pytest.raises(DatasetError, match=r"GRADLAB_DATASET=real, but .* holds the SAMPLE"):
        MNIST(tmp_path)
    assert not is_sample(mnist_npz(path, data))
    assert MNIST_data(50, 20, 40, tmp_path).provenance == "MNIST part: 120 of 60000 images"


def write_npz(folder, **changes):
    """Write the original layout: two images of levels 0 ... 255 in each part, divided by 256 as the oldest copies."""
    levels = np.stack([np.arange(784) % 256, 255 - np.arange(784) % 256]).astype(np.float32)
    arrays = {f"X_{part}": levels / 256 for part in ("train", "valid", "test")}
    arrays |= {f"y_{part}": np.array([1, 2], np.int32) for part in ("train", "valid", "test")}
    np.savez(
        folder / "mnist.npz",
        **{name: value for name, value in (arrays | changes).items() if value is not None},
    )
    return levels.astype(np.uint8).reshape(2, 28, 28)


def test_npz_files_scaled_by_256_and_255_give_back_the_levels(tmp_path):
    levels = write_npz(tmp_path)
    np.testing.assert_array_equal(MNIST(tmp_path)[2], levels)
    again = levels.reshape(2, 784) / np.float32(255)
    write_npz(tmp_path, X_train=again, X_valid=again, X_test=again)
    np.testing.assert_array_equal(MNIST(tmp_path)[0], np.concatenate([levels, levels]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"y_valid": None}, "has no array 'y_valid', wanted X_train, y_train"),
        (
            {"X_test": np.zeros((2, 783))},
            r"X_test in .* is float64 \(2, 783\) and y_test int32 \(2,\), wanted images",
        ),
        ({"y_test": np.array([1, 10])}, "wanted images .* and classes .* of 0 to 9"),
        ({"X_train": np.random.default_rng(0).random((2, 784))}, "is not scaled from 256 levels of gray"),
        ({"X_train": np.array([object()])}, "is damaged or no npz file"),
    ],
)
def test_npz_files_of_something_else_are_named(tmp_path, changes, said):
    write_npz(tmp_path, **changes)
    with pytest.raises(DatasetError, match=rf"MNIST: .*{said}.*Move it away"):
        MNIST(tmp_path)
