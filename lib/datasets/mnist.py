"""Load MNIST: the four official gz files, the original course's mnist.npz, or the drawn sample."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

from lib.datasets.folder import shown
from lib.datasets.locate import (
    MARK,
    DataDict,
    find_folder,
    how_to_get,
    provenance,
    require_counts,
    tell,
    tell_drawn,
)
from lib.errors import DatasetError

TITLE, NAME = "MNIST", "mnist"
FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
NPZ = ("mnist.npz",)
NPZ_ARRAYS = ("X_train", "y_train", "X_valid", "y_valid", "X_test", "y_test")
OFFICIAL = (60000, 10000)
NUM_TRAINING, NUM_VALIDATION, NUM_TEST = 1000, 500, 500
#: Of the official training images the last ones are for validation.
NUM_VALIDATION_FILE = 10000


def MNIST(data_dir=None):
    """Read the images and labels as they are in the files.

    Parameters
    ----------
    data_dir : path, optional
        Folder with the files, or a data folder with mnist/ or mnist-sample/ in it. Default: $GRADLAB_DATA, else
        the nearest data/ upward from the working directory. Which of real and sample is taken when both are
        there: $GRADLAB_DATASET, else the real one.

    Returns
    -------
    train_images : ndarray, shape (N, 28, 28), uint8
    train_labels : ndarray, shape (N,), int64
    test_images, test_labels : ndarray
        Likewise.

    Raises
    ------
    DatasetError
        If a file is missing, damaged, or not of this data set.
    """
    *arrays, folder, drawn = _read(data_dir)
    tell_drawn(TITLE, folder, drawn)
    return tuple(arrays)


def MNIST_data(num_training=NUM_TRAINING, num_validation=NUM_VALIDATION, num_test=NUM_TEST, data_dir=None):
    """Load MNIST ready for training: few images, as the course that this comes from takes them.

    Parameters
    ----------
    num_training : int
        The first of the images that are for training: of 60000 the first 50000, of fewer the same share.
    num_validation : int
        The first of those that are for validation: the last 10000 of 60000.
    num_test : int
        The first of the test images. Of files too small for the default numbers all images are taken, and a
        line says so.
    data_dir : path, optional
        As in MNIST.

    Returns
    -------
    data : DataDict
        X_train (N, 1, 28, 28) float32 from 0 to 1, y_train (N,) int64, X_valid, y_valid, X_test, y_test.

    Raises
    ------
    DatasetError
        If a file is missing or damaged, or there are fewer images than were asked for.
    """
    where = "MNIST_data"
    counts = {"num_training": num_training, "num_validation": num_validation, "num_test": num_test}
    require_counts(where, {"num_training": 1}, **counts)
    images, labels, test_images, test_labels, folder, drawn = _read(data_dir)
    border = len(images) - _for_validation(len(images))
    available = {
        "num_training": border,
        "num_validation": len(images) - border,
        "num_test": len(test_images),
    }
    if tuple(counts.values()) == (NUM_TRAINING, NUM_VALIDATION, NUM_TEST):
        counts = {name: min(asked, available[name]) for name, asked in counts.items()}
        num_training, num_validation, num_test = counts.values()
    for name, asked in counts.items():
        if asked > available[name]:
            msg = f"{where}: {name}={asked}, but {shown(folder)} has {available[name]}. Ask for fewer."
            raise DatasetError(msg)
    said = provenance(TITLE, (len(images), len(test_images)), OFFICIAL, drawn)
    tell(TITLE, said, (num_training, num_validation, num_test), folder)
    train, valid = slice(0, num_training), slice(border, border + num_validation)
    arrays = {
        "X_train": _prepared(images[train]),
        "y_train": labels[train],
        "X_valid": _prepared(images[valid]),
        "y_valid": labels[valid],
        "X_test": _prepared(test_images[:num_test]),
        "y_test": test_labels[:num_test],
    }
    return DataDict(arrays, said)


def mnist_npz(path, data_dir=None):
    """Write MNIST in the layout of the original course's mnist.npz; return the path.

    The file holds X_train (50000, 784) float32 from 0 to 1, y_train (50000,) int32, X_valid, y_valid (10000),
    X_test and y_test (10000); of a smaller set the same shares. One made of the sample starts with an array
    more, whose name says so.
    """
    images, labels, test_images, test_labels, _, drawn = _read(data_dir)
    border = len(images) - _for_validation(len(images))
    flat = {"X_train": images[:border], "X_valid": images[border:], "X_test": test_images}
    arrays = {name: _prepared(part).reshape(len(part), -1) for name, part in flat.items()}
    arrays |= {"y_train": labels[:border], "y_valid": labels[border:], "y_test": test_labels}
    arrays = {
        name: value.astype(np.int32) if name.startswith("y") else value for name, value in arrays.items()
    }
    if drawn:
        arrays = {f"{MARK} of {TITLE}": np.array(0)} | arrays
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.stem}.tmp.npz")
    np.savez_compressed(draft, **arrays)
    draft.replace(path)
    return path


def _for_validation(total):
    return total * NUM_VALIDATION_FILE // OFFICIAL[0]


def _prepared(images):
    """Return images (N, 1, 28, 28) float32 from 0 to 1."""
    scaled = images[:, None].astype(np.float32)
    scaled /= 255
    return scaled


def _read(data_dir):
    """Return the arrays of MNIST, the folder, and whether it is the drawn sample."""
    folder, layout, drawn = find_folder(TITLE, NAME, [FILES, NPZ], data_dir)
    if layout == NPZ:
        return *_read_npz(folder / NPZ[0]), folder, drawn
    advice = f"Move it away. {how_to_get(NAME, drawn)}"
    arrays = []
    for images, labels in (layout[:2], layout[2:]):
        x, y = _read_idx(folder / images, 3, advice), _read_idx(folder / labels, 1, advice)
        if x.shape[1:] != (28, 28) or len(x) != len(y) or not len(x) or y.max() > 9:
            msg = (
                f"{TITLE}: {shown(folder / images)} holds images {x.shape}, {labels} labels {y.shape} up to "
                f"{y.max(initial=0)}; wanted (N, 28, 28) and (N,) up to 9. {advice}"
            )
            raise DatasetError(msg)
        arrays += [x, y.astype(np.int64)]
    return *arrays, folder, drawn


def _read_idx(path, axes, advice):
    """Read a gz file in the IDX format: magic number, sizes, bytes."""
    try:
        with gzip.open(path) as stream:
            content = stream.read()
    except (OSError, EOFError, zlib.error) as error:
        msg = f"{TITLE}: {shown(path)} is damaged or no gz file ({error}). {advice}"
        raise DatasetError(msg) from error
    header = 4 * (axes + 1)
    numbers = np.frombuffer(content[:header], ">i4") if len(content) >= header else np.zeros(1, int)
    if numbers[0] != 0x800 + axes or np.prod(numbers[1:], dtype=np.int64) != len(content) - header:
        msg = f"{TITLE}: {shown(path)} is no IDX file of bytes with {axes} axes, or cut off. {advice}"
        raise DatasetError(msg)
    return np.frombuffer(content, np.uint8, offset=header).reshape(numbers[1:])


def _read_npz(path):
    """Read the original course's layout; training and validation images are put together again."""
    advice = f"Move it away. {how_to_get(NAME)}"
    try:
        with np.load(path, allow_pickle=False) as archive:
            parts = {name: archive[name] for name in NPZ_ARRAYS if name in archive.files}
    except Exception as error:  # a damaged archive makes zipfile and NumPy raise nearly anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        msg = f"{TITLE}: {shown(path)} is damaged or no npz file ({reason}). {advice}"
        raise DatasetError(msg) from error
    missing = [name for name in NPZ_ARRAYS if name not in parts]
    if missing:
        msg = f"{TITLE}: {shown(path)} has no array '{missing[0]}', wanted {', '.join(NPZ_ARRAYS)}. {advice}"
        raise DatasetError(msg)
    for part in ("train", "valid", "test"):
        x, y = parts[f"X_{part}"], parts[f"y_{part}"]
        fits = x.ndim >= 2 and x[:1].size == 784 and x.dtype.kind in "uf" and y.shape == x.shape[:1]
        if not fits or y.dtype.kind not in "iu" or y.min() < 0 or y.max() > 9:
            msg = (
                f"{TITLE}: X_{part} in {shown(path)} is {x.dtype} {x.shape} and y_{part} {y.dtype} {y.shape}, "
                f"wanted images (N, 784) and classes (N,) of 0 to 9. {advice}"
            )
            raise DatasetError(msg)
    scale = _scale_of(np.concatenate([parts["X_train"][:100].ravel(), parts["X_test"][:100].ravel()]))
    if scale is None:
        msg = f"{TITLE}: X_train in {shown(path)} is not scaled from 256 levels of gray to 0 ... 1. {advice}"
        raise DatasetError(msg)
    images = [_levels(parts[f"X_{part}"], scale) for part in ("train", "valid", "test")]
    labels = [parts[f"y_{part}"].astype(np.int64) for part in ("train", "valid", "test")]
    return np.concatenate(images[:2]), np.concatenate(labels[:2]), images[2], labels[2]


def _scale_of(values):
    """Return what a pixel was divided by: 1, 255, or the 256 of the oldest copies; None if by nothing of these."""
    if values.dtype == np.uint8:
        return 1
    for scale in (255, 256):
        levels = values.astype(np.float64) * scale
        if levels.min() > -0.01 and levels.max() < 255.01 and np.abs(levels - np.rint(levels)).max() < 0.01:
            return scale
    return None


def _levels(images, scale):
    """Return images (N, 28, 28) uint8 of pixels that were divided by ``scale``."""
    levels = images if scale == 1 else np.clip(np.rint(images * images.dtype.type(scale)), 0, 255)
    return levels.reshape(-1, 28, 28).astype(np.uint8)
