"""Load CIFAR-100, with its 20 superclasses: the .mat files, the official python pickles, or the drawn sample.

Both forms hold the same numbers and load alike. "Coarse" is the superclass, "fine" one of the 100 classes.
"""

from __future__ import annotations

import numpy as np
from scipy.io import loadmat

from lib.datasets.cifar_rows import images_of, labels_of, unpack_fetched
from lib.datasets.folder import shown
from lib.datasets.locate import (
    DataDict,
    find_folder,
    how_to_get,
    provenance,
    require_counts,
    split_training,
    tell,
    tell_drawn,
)
from lib.datasets.pickles import load_pickle
from lib.errors import DatasetError

TITLE, NAME = "CIFAR-100", "cifar100"
FOLDER, ARCHIVE = "cifar-100-python", "cifar-100-python.tar.gz"
MAT_FILES = ("train.mat", "test.mat", "meta.mat")
PICKLES = ("train", "test", "meta")
OFFICIAL = (50000, 10000)
NUM_TRAINING, NUM_VALIDATION = 40000, 10000
NUM_COARSE, NUM_FINE = 20, 100


class CIFAR100Images:
    """The images of CIFAR-100 as they are in the files.

    Attributes
    ----------
    train_images, test_images : ndarray, shape (N, 32, 32, 3), uint8
    train_coarse, test_coarse : ndarray, shape (N,), int64
        Superclasses, 0 to 19.
    train_fine, test_fine : ndarray, shape (N,), int64
        Classes, 0 to 99.
    coarse_names, fine_names : list of str
    folder : Path
    drawn : bool
        Whether it is the sample.
    """

    def __init__(self, folder, layout, drawn):
        advice = how_to_get(NAME, drawn)
        read = _read_mat if layout == MAT_FILES else load_pickle
        train, test, meta = (read(folder / name, advice) for name in layout)
        self.folder, self.drawn, self.train_path = folder, drawn, folder / layout[0]
        self.train_images, self.train_coarse, self.train_fine = _arrays(train, folder / layout[0], advice)
        self.test_images, self.test_coarse, self.test_fine = _arrays(test, folder / layout[1], advice)
        self.coarse_names = _names(meta, "coarse_label_names", NUM_COARSE, folder / layout[2], advice)
        self.fine_names = _names(meta, "fine_label_names", NUM_FINE, folder / layout[2], advice)


def CIFAR100(data_dir=None):
    """Read the images and labels as they are in the files.

    Parameters
    ----------
    data_dir : path, optional
        Folder with the files, or a data folder with cifar100/ or cifar100-sample/ in it. Default: $GRADLAB_DATA,
        else the nearest data/ upward from the working directory. Which of real and sample is taken when both
        are there: $GRADLAB_DATASET, else the real one.

    Returns
    -------
    images : CIFAR100Images

    Raises
    ------
    DatasetError
        If a file is missing, damaged, or not of this data set.
    """
    found = _read(data_dir)
    tell_drawn(TITLE, found.folder, found.drawn)
    return found


def CIFAR100_data(data_dir=None, num_training=NUM_TRAINING, num_validation=NUM_VALIDATION):
    """Load CIFAR-100 ready for training: split, and normalized channel by channel.

    Parameters
    ----------
    data_dir : path, optional
        As in CIFAR100.
    num_training, num_validation : int
        The first images of the training file, and those after them. Of a file too small for the default
        numbers a sixth is kept for validation, and a line says so.

    Returns
    -------
    data : DataDict
        data_train (N, 32, 32, 3) float32, labels_train (N,) int64 (superclasses), likewise _val and _test;
        label_names (20); fine_train, fine_val, fine_test, fine_names (100); mean_image and std_image, shape
        (1, 1, 1, 3), float32: what was subtracted from the images scaled to 0 ... 1, and what they were then
        divided by, one number for each color.

    Raises
    ------
    DatasetError
        If a file is missing or damaged, or there are fewer images than were asked for.
    """
    require_counts(
        "CIFAR100_data", {"num_training": 1}, num_training=num_training, num_validation=num_validation
    )
    found = _read(data_dir)
    total, total_test = len(found.train_images), len(found.test_images)
    num_training, num_validation = split_training(
        "CIFAR100_data",
        total,
        num_training,
        num_validation,
        (NUM_TRAINING, NUM_VALIDATION),
        found.train_path,
    )
    said = provenance(TITLE, (total, total_test), OFFICIAL, found.drawn)
    tell(TITLE, said, (num_training, num_validation, total_test), found.folder)

    end = num_training + num_validation
    data_train, data_val = (
        _scale(found.train_images[:num_training]),
        _scale(found.train_images[num_training:end]),
    )
    data_test = _scale(found.test_images)
    mean = data_train.mean(axis=(0, 1, 2), keepdims=True, dtype=np.float64).astype(np.float32)
    std = _spread(found.train_images[:num_training])
    for part in (data_train, data_val, data_test):
        part -= mean
        part /= std
    arrays = {
        "data_train": data_train,
        "labels_train": found.train_coarse[:num_training],
        "data_val": data_val,
        "labels_val": found.train_coarse[num_training:end],
        "data_test": data_test,
        "labels_test": found.test_coarse,
        "label_names": found.coarse_names,
        "mean_image": mean,
        "std_image": std,
        "fine_train": found.train_fine[:num_training],
        "fine_val": found.train_fine[num_training:end],
        "fine_test": found.test_fine,
        "fine_names": found.fine_names,
    }
    return DataDict(arrays, said)


def _read(data_dir):
    unpack_fetched(NAME, ARCHIVE, FOLDER, MAT_FILES[0], data_dir)
    folder, layout, drawn = find_folder(TITLE, NAME, [MAT_FILES, PICKLES], data_dir, [FOLDER])
    return CIFAR100Images(folder, layout, drawn)


def _spread(images):
    """Return the standard deviation of each color, (1, 1, 1, 3) float32, of uint8 images scaled to 0 ... 1.

    Counted, level by level: of 40000 images the squares alone would take a gigabyte in float64. A color of one
    level has no spread to divide by, and 1 is returned for it.
    """
    counts = np.stack([np.bincount(images[..., color].ravel(), minlength=256) for color in range(3)])
    share = counts / counts.sum(axis=1, keepdims=True)
    levels = np.arange(256) / 255
    mean = share @ levels
    spread = np.sqrt((share * (levels - mean[:, None]) ** 2).sum(axis=1))
    spread[(counts > 0).sum(axis=1) == 1] = 1
    return spread.astype(np.float32).reshape(1, 1, 1, 3)


def _scale(images):
    scaled = images.astype(np.float32)
    scaled /= 255
    return scaled


def _read_mat(path, advice):
    try:
        return loadmat(path)
    except Exception as error:  # on damaged files scipy raises nearly anything, zlib.error and TypeError too
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        msg = f"{TITLE}: {shown(path)} is damaged or no .mat file ({reason}). Move it away. {advice}"
        raise DatasetError(msg) from error


def _arrays(content, path, advice):
    """Return images (N, 32, 32, 3), coarse and fine labels of one file, checked."""
    images = images_of(content, TITLE, path, advice)
    kinds = (("coarse_labels", NUM_COARSE), ("fine_labels", NUM_FINE))
    return images, *(labels_of(content, key, len(images), limit, TITLE, path, advice) for key, limit in kinds)


def _names(meta, key, count, path, advice):
    """Return class names; in a .mat file they are cells."""
    cells = np.asarray(meta.get(key, ()), dtype=object).ravel()
    names = [str(part) for cell in cells for part in np.asarray(cell).ravel()[:1]]
    if len(names) != count:
        msg = f"{TITLE}: '{key}' in {shown(path)} holds {len(names)} names, wanted {count}. Move it away. {advice}"
        raise DatasetError(msg)
    return names
