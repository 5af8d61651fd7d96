"""The SVHN loader: upright images, digits as labels, the split, and refusal of what is not SVHN."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from lib.datasets import SVHN, SVHN_data
from lib.datasets.sample import mat_bytes
from lib.errors import ConfigError, DatasetError

KEYS = ["data_train", "labels_train", "data_val", "labels_val", "data_test", "labels_test", "mean_image"]
TRAIN, TEST = "train_32x32.mat", "test_32x32.mat"
real_data = pytest.mark.skipif("GRADLAB_REAL_DATA" not in os.environ, reason="GRADLAB_REAL_DATA is not set")


def write_set(folder, num_train=30, num_test=10):
    """Write two files in the official layout, without the mark of a sample; return images and labels."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, count in ((TRAIN, num_train), (TEST, num_test)):
        images = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        labels = np.arange(count) % 10
        (folder / name).write_bytes(mat_bytes(images, labels, "MATLAB 5.0 MAT-file, a test"))
        made += [images, labels]
    return made


def test_images_are_upright_and_digits_are_themselves(tmp_path):
    """What was written row by row is read row by row; 10 becomes 0, d stays d."""
    written = write_set(tmp_path / "svhn")
    for got, wanted in zip(SVHN(tmp_path), written, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_stored_labels_are_mapped(tmp_path):
    """The file's labels 1 ... 9, 10 are the classes 1 ... 9, 0."""
    write_set(tmp_path)
    stored = loadmat(tmp_path / TRAIN)["y"].ravel()
    _, labels, _, _ = SVHN(tmp_path)
    np.testing.assert_array_equal(labels, np.where(stored == 10, 0, stored))
    assert labels.dtype == np.int64


def test_data_is_scaled_centered_and_in_order(tmp_path):
    """float32, minus the mean of the training part alone, under seed 0's names in seed 0's order."""
    images, labels, test_images, _ = write_set(tmp_path)
    data = SVHN_data(num_training=20, num_validation=5, data_dir=tmp_path)
    assert list(data) == KEYS
    mean = (images[:20] / 255).mean(axis=0)
    np.testing.assert_allclose(data["mean_image"], mean, atol=1e-6)
    np.testing.assert_allclose(data["data_train"], images[:20] / 255 - mean, atol=1e-6)
    np.testing.assert_allclose(data["data_val"], images[20:25] / 255 - mean, atol=1e-6)
    np.testing.assert_allclose(data["data_test"], test_images / 255 - mean, atol=1e-6)
    np.testing.assert_array_equal(data["labels_val"], labels[20:25])
    assert {value.dtype for key, value in data.items() if key[0] != "l"} == {np.dtype(np.float32)}
    assert data.provenance == "SVHN part: 30 of 73257 images"


def test_a_small_file_keeps_a_sixth_for_validation(tmp_path, capsys):
    """Too few images for the default numbers are split five to one, and a line says so."""
    write_set(tmp_path / "svhn", num_train=90)
    data = SVHN_data(data_dir=tmp_path)
    assert (len(data["data_train"]), len(data["data_val"]), len(data["data_test"])) == (75, 15, 10)
    assert "part: 90 of 73257 images; 75 to train, 15 to validate, 10 to test" in capsys.readouterr().out


def test_numbers_that_do_not_fit(tmp_path):
    """Explicit numbers are never changed silently."""
    write_set(tmp_path)
    with pytest.raises(DatasetError, match=r"num_training=28 and num_validation=5 need 33 images, .* has 30"):
        SVHN_data(28, 5, data_dir=tmp_path)


@pytest.mark.parametrize("arguments", [{"num_training": 0}, {"num_validation": -1}, {"num_training": 2.5}])
def test_numbers_that_make_no_sense(arguments):
    """A setting is refused before a file is read."""
    with pytest.raises(ConfigError, match=r"must be a whole number, at least [01]"):
        SVHN_data(**arguments)


def test_sample_says_sample(sample_folder, capsys):
    """Every way to load the sample prints the word."""
    data = SVHN_data(data_dir=sample_folder)
    assert data.provenance == "SVHN sample"
    SVHN(sample_folder)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all("SAMPLE" in line for line in lines)


def test_moved_sample_is_still_a_sample(sample_folder, tmp_path, monkeypatch, capsys):
    """A sample copied to the place of the real files is not mistaken for them."""
    (tmp_path / "svhn").mkdir()
    for name in (TRAIN, TEST):
        (tmp_path / "svhn" / name).write_bytes((sample_folder / "svhn-sample" / name).read_bytes())
    assert SVHN_data(data_dir=tmp_path).provenance == "SVHN sample"
    assert "SAMPLE" in capsys.readouterr().out
    monkeypatch.setenv("GRADLAB_DATASET", "real")
    with pytest.raises(DatasetError, match=r"GRADLAB_DATASET=real, but .* holds the SAMPLE"):
        SVHN(tmp_path)
    write_set(tmp_path / "other")
    (tmp_path / "svhn" / TEST).write_bytes((tmp_path / "other" / TEST).read_bytes())
    with pytest.raises(DatasetError, match=r"train_32x32\.mat is the sample and test_32x32\.mat is not"):
        SVHN(tmp_path)


@pytest.mark.parametrize(
    ("choice", "provenance"),
    [
        ("", "SVHN part: 30 of 73257 images"),
        ("real", "SVHN part: 30 of 73257 images"),
        ("sample", "SVHN sample"),
    ],
)
def test_choice_between_real_and_sample(sample_folder, tmp_path, monkeypatch, choice, provenance):
    """With both there the real one is taken, unless GRADLAB_DATASET says otherwise."""
    (tmp_path / "svhn-sample").symlink_to(sample_folder / "svhn-sample")
    write_set(tmp_path / "svhn")
    monkeypatch.setenv("GRADLAB_DATA", str(tmp_path))
    monkeypatch.setenv("GRADLAB_DATASET", choice)
    assert SVHN_data().provenance == provenance


def test_data_folder_is_found_upward(tmp_path, monkeypatch):
    """From a folder inside the course, data/ with its registry is found; seed 0's place works too."""
    write_set(tmp_path / "data")
    (tmp_path / "data" / "registry.toml").touch()
    (tmp_path / "source" / "a").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "source" / "a")
    assert len(SVHN()[0]) == 30


def test_nothing_there_says_what_to_run(tmp_path, monkeypatch):
    """No files: the place and the commands."""
    with pytest.raises(
        DatasetError, match=r"svhn/train_32x32\.mat not found\. Run: \./get_datasets\.sh svhn \(or: python"
    ):
        SVHN_data(data_dir=tmp_path)
    monkeypatch.setenv("GRADLAB_DATASET", "sample")
    with pytest.raises(DatasetError, match=r"svhn-sample/train_32x32\.mat not found\. Run: .* --sample"):
        SVHN_data(data_dir=tmp_path)
    monkeypatch.setenv("GRADLAB_DATASET", "fake")
    with pytest.raises(ConfigError, match="GRADLAB_DATASET='fake' is neither 'real' nor 'sample'"):
        SVHN_data(data_dir=tmp_path)


@pytest.mark.parametrize(("gone", "there"), [(TEST, TRAIN), (TRAIN, TEST)])
def test_one_file_missing_is_named(tmp_path, gone, there):
    """Half a set is not silently replaced by the sample."""
    write_set(tmp_path / "svhn")
    (tmp_path / "svhn" / gone).unlink()
    with pytest.raises(DatasetError, match=f"svhn/{gone} not found, though {there} is there"):
        SVHN(tmp_path)


X = np.zeros((32, 32, 3, 5), np.uint8)
Y = np.ones((5, 1), np.uint8)
BAD_CONTENT = {
    "no X": ({"y": Y}, "has no array 'X'"),
    "no y": ({"X": X}, "has no array 'y'"),
    "order": (
        {"X": np.moveaxis(X, 3, 0), "y": Y},
        r"X in .* is uint8 \(5, 32, 32, 3\), wanted uint8 \(32, 32, 3, N\)",
    ),
    "dtype": ({"X": X.astype(float), "y": Y}, r"X in .* is float64"),
    "count": ({"X": X, "y": Y[:4]}, r"y in .* is uint8 \(4, 1\), wanted numbers \(5, 1\)"),
    "label 0": ({"X": X, "y": Y * 0}, r"holds 0 at position 0, wanted 1 to 10 \(10 stands for the digit 0\)"),
    "label 11": ({"X": X, "y": Y * 11}, "holds 11 at position 0"),
    "label 1.5": ({"X": X, "y": Y * 1.5}, r"holds 1\.5 at position 0"),
    "label nan": ({"X": X, "y": Y * np.nan}, r"holds nan at position 0"),
    "text": ({"X": X, "y": np.array(["ab"])}, "wanted numbers"),
}


@pytest.mark.parametrize(("content", "words"), BAD_CONTENT.values(), ids=BAD_CONTENT)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_content_that_is_not_svhn(tmp_path, content, words):
    """Keys, shapes, types and labels are checked, and the file and the remedy are named."""
    write_set(tmp_path)
    savemat(tmp_path / TEST, content)
    with pytest.raises(DatasetError, match=rf"SVHN: .*{words}.*Move it away and run: \./get_datasets"):
        SVHN(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: whole[:50],
        lambda whole: whole[:-500],
        lambda whole: whole[: len(whole) // 2],
        lambda whole: b"<!DOCTYPE html><html>404</html>" * 20,
        lambda whole: whole[:128] + b"\xff" * 64 + whole[192:],
        lambda whole: np.random.default_rng(0).bytes(5000),
    ],
    ids=["empty", "header", "end", "half", "page", "tampered", "noise"],
)
def test_damaged_file_is_named(tmp_path, damage):
    """Whatever scipy makes of a damaged file, the reader gets one sentence."""
    write_set(tmp_path)
    path = tmp_path / TRAIN
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DatasetError, match=r"SVHN: .*train_32x32\.mat .*Move it away and run"):
        SVHN(tmp_path)


@real_data
@pytest.mark.real_data
def test_real_images_and_labels(tmp_path, capsys):
    """The real part comes out upright with its digits: 1 9 2 3 2 5 9 3 3 1 ..."""
    content = loadmat(Path(os.environ["GRADLAB_REAL_DATA"]) / "svhn" / "train_32x32_first1083.mat")
    (tmp_path / "svhn").mkdir()
    for name, part in ((TRAIN, slice(0, 900)), (TEST, slice(900, 1083))):
        savemat(tmp_path / "svhn" / name, {"X": content["X"][..., part], "y": content["y"][part]})
    images, labels, test_images, test_labels = SVHN(tmp_path)
    assert labels[:10].tolist() == [1, 9, 2, 3, 2, 5, 9, 3, 3, 1]
    np.testing.assert_array_equal(np.append(labels, test_labels), content["y"].ravel() % 10)
    for n in (0, 1, 17, 899):
        np.testing.assert_array_equal(images[n], content["X"][:, :, :, n])
    np.testing.assert_array_equal(test_images[0], content["X"][:, :, :, 900])

    data = SVHN_data(data_dir=tmp_path)
    assert data.provenance == "SVHN part: 900 of 73257 images"
    assert "900 of 73257 images; 750 to train, 150 to validate, 183 to test" in capsys.readouterr().out
    np.testing.assert_allclose(data["data_train"].mean(axis=0), 0, atol=1e-5)
