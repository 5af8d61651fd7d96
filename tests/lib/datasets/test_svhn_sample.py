"""The drawn sample: reproducible, in the official layout, and left alone when it is there."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from lib.datasets import render_digits
from lib.datasets.sample import is_sample, make_sample
from lib.datasets.sample_svhn import CLASS_COUNTS, FONTS, glyph_fields
from lib.errors import ConfigError, DatasetError

SMALL = {"num_train": 30, "num_test": 12}
BOTH = ("train_32x32.mat", "test_32x32.mat")


def test_same_seed_gives_the_same_bytes(tmp_path, monkeypatch):
    """Time of day and folder leave no trace in the files."""
    make_sample(tmp_path / "a", seed=5, **SMALL)
    monkeypatch.setattr("scipy.io.matlab._mio5.time.asctime", lambda: "Sat Jan 01 00:00:00 2000")
    make_sample(tmp_path / "b", seed=5, **SMALL)
    make_sample(tmp_path / "c", seed=6, **SMALL)
    for name in BOTH:
        first = (tmp_path / "a" / name).read_bytes()
        assert first == (tmp_path / "b" / name).read_bytes()
        assert first != (tmp_path / "c" / name).read_bytes()


def test_official_layout(tmp_path):
    """X is (32, 32, 3, N), y is (N, 1), the digit 0 is stored as 10; train and test differ."""
    make_sample(tmp_path, seed=1, num_train=200, num_test=30)
    train, test = (loadmat(tmp_path / name) for name in BOTH)
    assert train["X"].shape == (32, 32, 3, 200)
    assert test["y"].shape == (30, 1)
    assert train["X"].dtype == train["y"].dtype == np.uint8
    assert set(np.unique(train["y"])) == set(range(1, 11))
    assert not np.array_equal(train["X"][..., :30], test["X"])
    assert "SAMPLE - these are not the real SVHN images" in (tmp_path / "README.txt").read_text()


def test_says_sample_in_the_file_itself(tmp_path):
    """A sample that was moved or renamed is still known as one."""
    make_sample(tmp_path, **SMALL)
    moved = (tmp_path / BOTH[0]).rename(tmp_path / "elsewhere.mat")
    assert is_sample(moved)
    assert not is_sample(tmp_path / "README.txt")
    assert not is_sample(tmp_path / "nothing.mat")


def test_nothing_to_do_the_second_time(tmp_path):
    """The same sample is not drawn again; a damaged or another one is."""
    assert make_sample(tmp_path, **SMALL)
    assert not make_sample(tmp_path, **SMALL)
    path = tmp_path / BOTH[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert make_sample(tmp_path, **SMALL)
    assert path.read_bytes() == whole
    assert make_sample(tmp_path, seed=9, **SMALL)


def test_a_file_that_is_no_sample_is_left_alone(tmp_path):
    """Real files in the folder are replaced with force only."""
    path = tmp_path / BOTH[1]
    path.write_bytes(b"precious")
    with pytest.raises(DatasetError, match=r"test_32x32\.mat is not a sample and is left alone"):
        make_sample(tmp_path, **SMALL)
    assert path.read_bytes() == b"precious"
    assert make_sample(tmp_path, force=True, **SMALL)


def test_no_space_leaves_nothing_behind(tmp_path, monkeypatch):
    """A full disk ends in one sentence and no half file."""

    def refuse(self, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(DatasetError, match=r"cannot be written: no space left on the disk\. Free some"):
        make_sample(tmp_path, **SMALL)
    assert list(tmp_path.iterdir()) == []


def test_too_few_images_are_refused(tmp_path):
    """The number is named."""
    with pytest.raises(ConfigError, match="num_test=3 is too few"):
        make_sample(tmp_path, num_train=30, num_test=3)


def test_every_font_draws_ten_different_digits():
    """A font without digits would draw the same empty box ten times."""
    fields, half_widths = glyph_fields()
    assert fields.shape[:2] == half_widths.shape == (len(FONTS), 10)
    assert (half_widths > 0.05).all()
    for font in fields:
        inside = font > 0
        assert inside.any(axis=(1, 2)).all()
        assert len({digit.tobytes() for digit in inside}) == 10


def test_render_depends_on_the_generator_only():
    """The same generator state gives the same images; global seeding plays no part."""
    images, labels = render_digits(40, np.random.default_rng(3))
    again, labels_again = render_digits(40, np.random.default_rng(3))
    other, _ = render_digits(40, np.random.default_rng(4))
    assert images.shape == (40, 32, 32, 3)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(images, again)
    np.testing.assert_array_equal(labels, labels_again)
    assert not np.array_equal(images, other)


def test_digits_are_as_frequent_as_in_svhn():
    """More ones than nines, within what chance allows (5 standard deviations)."""
    _, labels = render_digits(2000, np.random.default_rng(0))
    share = CLASS_COUNTS / CLASS_COUNTS.sum()
    expected = 2000 * share
    assert (np.abs(np.bincount(labels, minlength=10) - expected) < 5 * np.sqrt(expected * (1 - share))).all()


def test_images_vary_and_have_contrast():
    """No two images are alike, and few are flat."""
    images, _ = render_digits(300, np.random.default_rng(0))
    assert len({image.tobytes() for image in images}) == 300
    assert (images.std(axis=(1, 2, 3)) > 8).mean() > 0.97


def test_rendering_nothing_is_allowed():
    """Zero images are an empty batch."""
    images, labels = render_digits(0, np.random.default_rng(0))
    assert images.shape == (0, 32, 32, 3)
    assert labels.shape == (0,)
