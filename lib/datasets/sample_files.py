"""Write drawn samples of CIFAR-10, CIFAR-100 and MNIST in the layouts of the official files.

Every file carries a mark within its first bytes, so that a sample is known wherever it lies.
"""

from __future__ import annotations

import gzip
import io
import pickle
from pathlib import Path

import numpy as np
from scipy import io as scipy_io

from lib.datasets.folder import shown
from lib.datasets.locate import MARK, is_sample
from lib.datasets.sample import write_whole
from lib.errors import DatasetError

SEED = 2026
_VERSION = 1  # raise it when the same seed draws other images
_HEADER_BYTES = 116  # the free text at the start of a MATLAB 5 file

_README = """\
SAMPLE - these are not the real images of {title}.

{what}, drawn by a program (seed {seed}), in the layout of the official files.
They are here to work and test without a network. An accuracy reached on them is not one on {title}.

Fetch the real files with: python -m lib.datasets {name}
"""


def _mark(title, part, count):
    return f"{MARK} {_VERSION} of {title}: {count} drawn {part} images, seed {SEED}"


def make_cifar10_sample(folder, *, num_batches=5, per_batch=1200, num_test=1000, force=False):
    """Draw pictures of ten kinds as data_batch_1 to _5, test_batch and batches.meta; see ``write_sample``."""
    from lib.datasets.sample_pictures import KINDS10, render_cifar10

    def batch(number, count, part):
        images, labels = render_cifar10(count, np.random.default_rng([SEED, number]))
        return {
            "batch_label": _mark("CIFAR-10", part, count),
            "labels": labels.tolist(),
            "data": _rows(images),
            "filenames": [f"{KINDS10[k].replace(' ', '_')}_{i}.png" for i, k in enumerate(labels)],
        }

    files = {
        f"data_batch_{k}": lambda k=k: _pickled(batch(k, per_batch, f"training {k}"))
        for k in range(1, num_batches + 1)
    }
    files["test_batch"] = lambda: _pickled(batch(100, num_test, "test"))
    meta = {"batch_label": _mark("CIFAR-10", "listed", 0), "label_names": list(KINDS10), "num_vis": 3072}
    files["batches.meta"] = lambda: _pickled(meta)
    marks = {name: _mark("CIFAR-10", f"training {name[-1]}", per_batch) for name in files if "data" in name}
    marks |= {"test_batch": _mark("CIFAR-10", "test", num_test), "batches.meta": meta["batch_label"]}
    what = f"{num_batches * per_batch} + {num_test} pictures of shapes and textures"
    return write_sample(folder, "CIFAR-10", "cifar10", what, files, marks, force=force)


def make_cifar100_sample(folder, *, num_train=6000, num_test=1500, force=False):
    """Draw pictures of twenty kinds in five manners as train.mat, test.mat and meta.mat; see ``write_sample``."""
    from lib.datasets.sample_pictures import KINDS20, fine_names, render_cifar100

    def part(number, count, mark):
        images, coarse, fine = render_cifar100(count, np.random.default_rng([SEED, 200 + number]))
        arrays = {
            "data": _rows(images),
            "fine_labels": fine[:, None].astype(np.uint8),
            "coarse_labels": coarse[:, None].astype(np.uint8),
        }
        return _mat(arrays, mark)

    marks = {
        "train.mat": _mark("CIFAR-100", "training", num_train),
        "test.mat": _mark("CIFAR-100", "test", num_test),
        "meta.mat": _mark("CIFAR-100", "listed", 0),
    }
    names = {
        "fine_label_names": np.array(fine_names(), dtype=object)[:, None],
        "coarse_label_names": np.array(KINDS20, dtype=object)[:, None],
    }
    files = {
        "train.mat": lambda: part(0, num_train, marks["train.mat"]),
        "test.mat": lambda: part(1, num_test, marks["test.mat"]),
        "meta.mat": lambda: _mat(names, marks["meta.mat"]),
    }
    what = f"{num_train} + {num_test} pictures of shapes and textures"
    return write_sample(folder, "CIFAR-100", "cifar100", what, files, marks, force=force)


def make_mnist_sample(folder, *, num_train=13200, num_test=2000, force=False):
    """Draw digits as the four gz files of MNIST; see ``write_sample``."""
    from lib.datasets.mnist import FILES
    from lib.datasets.sample_digits import render_mnist

    drawn = {}

    def part(name, count, mark):
        kind = name.split("-")[0]
        if kind not in drawn:  # images and labels are two files of one drawing
            number = 300 + (kind != "train")
            drawn[kind] = render_mnist(count, np.random.default_rng([SEED, number]))
        images, labels = drawn[kind]
        return _gzipped(images if "images" in name else labels.astype(np.uint8), mark)

    counts = {name: num_train if name.startswith("train") else num_test for name in FILES}
    marks = {name: _mark("MNIST", name.split("-")[0], count) for name, count in counts.items()}
    files = {name: lambda name=name: part(name, counts[name], marks[name]) for name in FILES}
    what = f"{num_train} + {num_test} digits"
    return write_sample(folder, "MNIST", "mnist", what, files, marks, force=force)


def write_sample(folder, title, name, what, files, marks, *, force=False):
    """Write the files of a sample, unless the same sample is there already.

    Parameters
    ----------
    folder : path
        Usually data/<name>-sample. Made if missing.
    title, name, what : str
        For the README beside the files.
    files : dict of str to function() -> bytes
        Called only where something is to be written.
    marks : dict of str to str
        What the first bytes of each file say.
    force : bool
        Draw again, and replace files that are no sample.

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
    if not force and all(_says(folder / file, mark) for file, mark in marks.items()):
        return False
    for file in files:
        if (folder / file).exists() and not is_sample(folder / file) and not force:
            msg = f"{shown(folder / file)} is not a sample and is left alone. Move it away, or replace it with --force."
            raise DatasetError(msg)
    for file, content in files.items():
        write_whole(folder / file, content())
    write_whole(folder / "README.txt", _README.format(title=title, what=what, seed=SEED, name=name).encode())
    return True


def _says(path, mark):
    try:
        with path.open("rb") as stream:
            return mark.encode() in stream.read(256)
    except OSError:
        return False


def _rows(images):
    """Return images as CIFAR stores them: all red pixels of a row of 3072, then green, then blue."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2).reshape(len(images), -1))


def _pickled(content):
    return pickle.dumps(content, protocol=2)  # as the official files


def _mat(arrays, mark):
    """Return the bytes of a .mat file; unlike savemat's they do not depend on the time of day."""
    buffer = io.BytesIO()
    scipy_io.savemat(buffer, arrays)
    header = f"MATLAB 5.0 MAT-file, {mark}".encode("ascii").ljust(_HEADER_BYTES)[:_HEADER_BYTES]
    return header + buffer.getvalue()[_HEADER_BYTES:]


def _gzipped(array, mark):
    """Return the bytes of an IDX file in gzip; the mark stands where gzip keeps the name of the file."""
    header = np.array([0x800 + array.ndim, *array.shape], ">i4").tobytes()
    buffer = io.BytesIO()
    with gzip.GzipFile(mark, "wb", fileobj=buffer, mtime=0) as stream:
        stream.write(header + array.tobytes())
    return buffer.getvalue()
