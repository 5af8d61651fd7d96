"""Answers to "filters as pictures": the objects that a student's cell leaves, right and wrong."""

import numpy as np

from lib.cnn.cnn_models import SmallConvolutionalNetwork

OBJECTS = True


def _trained():
    """Return a network whose first filters are not square in shape, as after some training."""
    np.random.seed(5)  # noqa: NPY002 - the layers draw from NumPy's global generator
    model = SmallConvolutionalNetwork()
    return model, next(w for layer in model.net.layers for w in layer.params.values() if w.ndim == 4)


def right_moveaxis():
    """Moved the last axis to the front."""
    model, w = _trained()
    return {"im_array": np.moveaxis(w, -1, 0), "nrows": 4, "ncols": 8, "model": model}


def right_transpose():
    """Named all axes, and scaled everything from 0 to 1 for imshow."""
    model, w = _trained()
    pictures = w.transpose(3, 0, 1, 2)
    pictures = (pictures - pictures.min()) / (pictures.max() - pictures.min())
    return {"im_array": pictures, "nrows": 4, "ncols": 8, "model": model}


def right_loop_and_own_range():
    """Collected filter after filter, each scaled by its own range to whole numbers up to 255."""
    model, w = _trained()
    pictures = []
    for f in range(w.shape[-1]):
        one = w[:, :, :, f]
        pictures.append(np.round(255 * (one - one.min()) / np.ptp(one)).astype(np.uint8))
    return {"im_array": np.array(pictures), "nrows": 6, "ncols": 6, "model": model}


def right_mosaic():
    """Made one picture of 4 x 8 filters with a gap of one pixel."""
    model, w = _trained()
    size, _, channels, count = w.shape
    mosaic = np.ones((4 * (size + 1) - 1, 8 * (size + 1) - 1, channels))
    for f in range(count):
        top, left = f // 8 * (size + 1), f % 8 * (size + 1)
        mosaic[top : top + size, left : left + size] = w[..., f]
    return {"im_array": mosaic, "nrows": 4, "ncols": 8, "model": model}


def wrong_reshape():
    """Reshaped instead of moving the axis: every picture is a mixture of all filters."""
    model, w = _trained()
    size, _, channels, count = w.shape
    return {"im_array": w.reshape(count, size, size, channels), "nrows": 4, "ncols": 8, "model": model}


def wrong_swapped_pixels():
    """Reversed all axes and put the channels back: rows and columns are swapped."""
    model, w = _trained()
    return {"im_array": w.T.transpose(0, 2, 3, 1), "nrows": 4, "ncols": 8, "model": model}


def wrong_as_stored():
    """Gave the weights as they are stored, with the filters last."""
    model, w = _trained()
    return {"im_array": w, "nrows": 4, "ncols": 8, "model": model}


def wrong_channels_first():
    """Put the channels before the pixels."""
    model, w = _trained()
    return {"im_array": w.transpose(3, 2, 0, 1), "nrows": 4, "ncols": 8, "model": model}


def wrong_gray():
    """Kept the red channel only."""
    model, w = _trained()
    return {"im_array": np.moveaxis(w[:, :, 0], -1, 0), "nrows": 4, "ncols": 8, "model": model}


def wrong_second_layer():
    """Took the filters of the second convolution."""
    model, _ = _trained()
    second = [w for layer in model.net.layers for w in layer.params.values() if w.ndim == 4][1]
    return {"im_array": np.moveaxis(second, -1, 0), "nrows": 8, "ncols": 8, "model": model}


def wrong_other_network():
    """Took the filters of a new network, not of the trained one."""
    model, w = _trained()
    other = np.random.default_rng(8).standard_normal(w.shape)
    return {"im_array": np.moveaxis(other, -1, 0), "nrows": 4, "ncols": 8, "model": model}


def wrong_grid():
    """Laid out 16 places for 32 filters."""
    model, w = _trained()
    return {"im_array": np.moveaxis(w, -1, 0), "nrows": 4, "ncols": 4, "model": model}


def wrong_half():
    """Showed the first 16 filters."""
    model, w = _trained()
    return {"im_array": np.moveaxis(w, -1, 0)[:16], "nrows": 4, "ncols": 4, "model": model}


def wrong_normalized_with_sign():
    """Took minus the weights: dark is light."""
    model, w = _trained()
    return {"im_array": np.moveaxis(-w, -1, 0), "nrows": 4, "ncols": 8, "model": model}


def wrong_nothing():
    """Left the cell as it was."""
    model, _ = _trained()
    return {"im_array": None, "nrows": None, "ncols": None, "model": model}
