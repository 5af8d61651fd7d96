"""Write the drawn sample of SVHN as two .mat files in the official layout."""

from __future__ import annotations

import errno
import io
from pathlib import Path

import numpy as np
from scipy import io as scipy_io

from lib.datasets.folder import shown
from lib.datasets.locate import MARK
from lib.datasets.locate import is_sample as is_sample
from lib.errors import ConfigError, DatasetError

SAMPLE_SEED = 2026
SIDE = 32
NUM_TRAIN = 6000
NUM_TEST = 1500
TRAIN_NAME, TEST_NAME = "train_32x32.mat", "test_32x32.mat"

_HEADER_BYTES = 116  # the free text at the start of a MATLAB 5 file
_VERSION = 1  # raise it when the same seed draws other images

_README = """\
SAMPLE - these are not the real SVHN images.

{train} + {test} house-number digits drawn by a program (seed {seed}), in the layout of the official
train_32x32.mat and test_32x32.mat: X (32, 32, 3, N) uint8 and y (N, 1) with the digit 0 stored as 10.
They are here to work and test without a network. An accuracy reached on them is not an accuracy on SVHN.

Fetch the real files with: python -m lib.datasets svhn
"""


def make_sample(folder, *, seed=SAMPLE_SEED, num_train=NUM_TRAIN, num_test=NUM_TEST, force=False):
    """Draw the sample into a folder, unless the same one is there already.

    Parameters
    ----------
    folder : path
        Usually data/svhn-sample. Made if missing.
    seed : int >= 0
        The same seed and numbers give the same bytes on the same machine.
    num_train, num_test : int >= 10
        Images per file.
    force : bool
        Draw again, and replace files that are not a sample.

    Returns
    -------
    made : bool
        False if the same sample was there and nothing was done.

    Raises
    ------
    DatasetError
        If a file that is no sample is in the way, or cannot be written.
    """
    folder = Path(folder)
    for name, count in (("num_train", num_train), ("num_test", num_test)):
        if count < 10:
            msg = f"make_sample: {name}={count} is too few; give at least 10."
            raise ConfigError(msg)
    parts = ((0, TRAIN_NAME, num_train), (1, TEST_NAME, num_test))
    if not force and all(_is_there(folder / name, _header(name, seed, count)) for _, name, count in parts):
        return False
    for _, name, _ in parts:
        path = folder / name
        if path.exists() and not is_sample(path) and not force:
            msg = (
                f"{shown(path)} is not a sample and is left alone. Move it away, or replace it with --force."
            )
            raise DatasetError(msg)
    # here, because whoever only loads images would wait for scipy's filters
    from lib.datasets.sample_svhn import render_digits

    for stream, name, count in parts:
        images, labels = render_digits(count, np.random.default_rng([seed, stream]))
        write_whole(folder / name, mat_bytes(images, labels, _header(name, seed, count)))
    text = _README.format(train=num_train, test=num_test, seed=seed)
    write_whole(folder / "README.txt", text.encode())
    return True


def mat_bytes(images, labels, header):
    """Return the bytes of an SVHN file; unlike savemat's they do not depend on the time of day.

    Parameters
    ----------
    images : ndarray, shape (N, 32, 32, 3), uint8
    labels : ndarray, shape (N,), int
        Digits 0 to 9; 0 is stored as 10.
    header : str
        Up to 116 characters at the start of the file.
    """
    buffer = io.BytesIO()
    y = np.where(labels == 0, 10, labels).astype(np.uint8)[:, None]
    scipy_io.savemat(buffer, {"X": np.moveaxis(images, 0, -1), "y": y})
    return header.encode("ascii").ljust(_HEADER_BYTES)[:_HEADER_BYTES] + buffer.getvalue()[_HEADER_BYTES:]


def _header(name, seed, count):
    part = name.split("_")[0]
    return f"MATLAB 5.0 MAT-file, {MARK} {_VERSION} of SVHN: {count} drawn {part} images, seed {seed}"


def _is_there(path, header):
    """Tell whether a file carries this header and has the length that belongs to it."""
    if not path.is_file():
        return False
    count = int(header.split(":")[1].split()[0])
    with path.open("rb") as stream:
        same = stream.read(_HEADER_BYTES) == header.encode("ascii").ljust(_HEADER_BYTES)
    # 248: the file's header and the tags of the two arrays; labels are filled up to a multiple of 8 bytes.
    return same and path.stat().st_size == 248 + count * SIDE * SIDE * 3 + -(-count // 8) * 8


def write_whole(path, content):
    """Write a file in one step: it is there whole, or not at all."""
    half = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(content)
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        reason = "no space left on the disk" if error.errno == errno.ENOSPC else error.strerror or str(error)
        msg = f"{shown(path)} cannot be written: {reason}. Free some, or set GRADLAB_DATA to another folder."
        raise DatasetError(msg) from error
