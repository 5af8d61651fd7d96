"""Convolutional networks in PyTorch, on handwritten digits: what the introduction's student writes and uses.

    by_hand.py        convolution and pooling of one small image, in plain NumPy
    nets.py           networks, from a feed-forward one to the student's best
    train.py          a training step, an accuracy, and the loop around them
    filters.py        the first layer's filters and responses as pictures
    train_or_load.py, experiments.py, weights.py, plots.py    given: files and figures

This is the only room of lib that needs PyTorch. Where it is missing, importing anything from here says what
to install.
"""

from __future__ import annotations

from importlib.util import find_spec

from lib.errors import ConfigError

#: The version that the course was tested with.
PYTORCH = "2.13.0"


def _has_pytorch():
    try:
        return find_spec("torch") is not None
    except ImportError:  # withheld while a check of plain NumPy runs; the file that needs it will say so
        return True


if not _has_pytorch():
    _msg = (
        f"cnn_intro_mnist needs PyTorch: pip install torch=={PYTORCH} (or: pip install -r requirements.txt)"
    )
    raise ConfigError(_msg)
