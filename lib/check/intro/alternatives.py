"""Right answers to the introduction's exercises in NumPy, and wrong ones that are made often.

The wrong ones come as ``{mistake: wrong array}``; the mistake completes the sentence "this is what comes out
when …". Images are (N, C, H, W), filters (F, C, KH, KW), as in PyTorch.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

FLIPPED = "the kernel is flipped, as mathematics has it. Lay it on the image as it stands"


def conv(x, w, b=None, stride=1, padding=0):
    """Correlate images with filters: (N, C, H, W) and (F, C, KH, KW) give (N, F, OH, OW)."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    out = np.einsum("ncijuv,fcuv->nfij", windows, w, optimize=True)
    return out if b is None else out + b[:, None, None]


def pool(x, size=2, stride=2, take=np.max):
    """Take the largest number of each window of (N, C, H, W)."""
    windows = sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    return take(windows, axis=(4, 5))


def relu(x):
    """Return x where it is positive, else 0."""
    return np.maximum(x, 0)


def softmax(scores):
    """Return probabilities along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _of_one(image, kernel, stride=1, padding=0):
    return conv(image[None, None], kernel[None, None], None, stride, padding)[0, 0]


def correlate_right(case):
    """Return the right output of ``correlate``."""
    return _of_one(case["image"], case["kernel"], int(case["stride"]), int(case["padding"]))


def correlate(case):
    """Make the usual wrong outputs of ``correlate``."""
    image, kernel = case["image"], case["kernel"]
    stride, pad = int(case["stride"]), int(case["padding"])
    right = correlate_right(case)
    wrong = {
        FLIPPED: _of_one(image, kernel[::-1, ::-1], stride, pad),
        "the mean over the window is taken where the sum is wanted": right / kernel.size,
    }
    if kernel.shape[0] == kernel.shape[1]:
        wrong["rows and columns of the kernel are swapped"] = _of_one(image, kernel.T, stride, pad)
    if min(right.shape) > 1:
        wrong["the loop stops one window too early"] = right[:-1, :-1]
    if stride > 1:
        wrong["the stride is ignored: window (i, j) begins at row i * stride"] = _of_one(
            image, kernel, 1, pad
        )[: right.shape[0], : right.shape[1]]
    if pad:
        if min(image.shape) >= max(kernel.shape):
            wrong["the padding is left out"] = _of_one(image, kernel, stride, 0)
        half = np.pad(image, pad)[pad:, pad:]
        wrong["the image is padded on two of its four sides"] = _of_one(half, kernel, stride)
        wrong["the image is padded with its own border and not with zeros"] = _of_one(
            np.pad(image, pad, mode="edge"), kernel, stride
        )
    return wrong


def max_pool_right(case):
    """Return the right output of ``max_pool``."""
    return pool(case["image"][None, None], int(case["size"]), int(case["stride"]))[0, 0]


def max_pool(case):
    """Make the usual wrong outputs of ``max_pool``."""
    image, size, stride = case["image"], int(case["size"]), int(case["stride"])
    x = image[None, None]
    rest = [-(n - size) % stride for n in image.shape]
    filled = np.pad(image, ((0, rest[0]), (0, rest[1])), constant_values=-np.inf)[None, None]
    right = max_pool_right(case)
    wrong = {
        "the mean of the window is taken and not its largest number": pool(x, size, stride, np.mean)[0, 0],
        "the smallest number of the window is taken": pool(x, size, stride, np.min)[0, 0],
        "a window begins at 0: all its numbers may be negative": relu(right),
        "the largest absolute value is taken": pool(np.abs(x), size, stride)[0, 0],
        "a window that sticks out of the image counts as well": pool(filled, size, stride)[0, 0],
    }
    if stride != size:
        wrong["the stride is ignored: windows stand side by side"] = pool(x, size, size)[0, 0]
    if stride != 1:
        all_windows = pool(x, size, 1)[0, 0]
        wrong["the stride is ignored: windows move by one pixel"] = all_windows
        wrong["the stride is ignored: window (i, j) begins at row i * stride"] = all_windows[
            : right.shape[0], : right.shape[1]
        ]
    return wrong


def train_steps(case, *, twice=False, keep=False, total=False):
    """Compute the weights after each step, and the losses before it.

    Parameters
    ----------
    case : dict
        images (steps, N, 1, H, W), labels (steps, N), w (K, D), b (K,), lr.
    twice : bool
        Softmax before the loss, which has one itself.
    keep : bool
        Gradients of the steps before are kept.
    total : bool
        The loss is the sum over the images, not their mean.
    """
    w, b, lr = case["w"].astype(np.float64), case["b"].astype(np.float64), float(case["lr"])
    gw, gb = np.zeros_like(w), np.zeros_like(b)
    weights, biases, losses = [], [], []
    for images, labels in zip(case["images"], case["labels"], strict=True):
        x = images.reshape(len(images), -1).astype(np.float64)
        right = np.eye(len(b))[labels]
        scores = x @ w.T + b
        given = softmax(scores) if twice else scores
        probabilities = softmax(given)
        slope = (probabilities - right) / (1 if total else len(x))
        if twice:
            slope = given * (slope - (slope * given).sum(axis=1, keepdims=True))
        entropy = -np.log((probabilities * right).sum(axis=1))
        losses.append(entropy.sum() if total else entropy.mean())
        gw = slope.T @ x + (gw if keep else 0)
        gb = slope.sum(axis=0) + (gb if keep else 0)
        w, b = w - lr * gw, b - lr * gb
        weights.append(w)
        biases.append(b)
    return np.array(weights), np.array(biases), np.array(losses)


def accuracy_right(case):
    """Return the right accuracy, and for each image whether it is right."""
    x = case["images"].reshape(len(case["images"]), -1).astype(np.float64)
    hits = (x @ case["w"].T + case["b"]).argmax(axis=1) == case["labels"]
    return float(hits.mean()), hits


def accuracy(case):
    """Make the usual wrong accuracies, by what makes them."""
    share, hits = accuracy_right(case)
    size = int(case["batch_size"])
    parts = [hits[start : start + size] for start in range(0, len(hits), size)]
    whole = [part for part in parts if len(part) == size]
    return {
        "the mean over the batches is taken, although the last one is smaller": np.mean(
            [p.mean() for p in parts]
        ),
        "the last, smaller batch is left out": np.mean(np.concatenate(whole)) if whole else np.nan,
        "the last, smaller batch is left out, but its images are counted": sum(p.sum() for p in whole)
        / len(hits),
        "the right answers are counted; divide by the number of images": hits.sum(),
        "percent are returned; wanted is a fraction from 0 to 1": 100 * share,
        "the wrong answers are counted": 1 - share,
        "the right answers are divided by the number of batches": hits.sum() / len(parts),
    }


def conv_net_scores(case, *, conv_relu=True, hidden_relu=True):
    """Compute the scores of ``ConvNet``."""
    x = conv(case["images"].astype(np.float64), case["conv0_w"], case["conv0_b"], 1, int(case["settings"][2]))
    x = (relu(x) if conv_relu else x).reshape(len(x), -1)
    return _last_layers(case, x, hidden_relu)


def _last_layers(case, x, hidden_relu=True):
    x = x @ case["hidden_w"].T + case["hidden_b"]
    return (relu(x) if hidden_relu else x) @ case["out_w"].T + case["out_b"]


def after_the_end(scores):
    """Make the scores of networks that do one thing too much with them."""
    return {
        "softmax is applied at the end. Return the scores as they are: the loss has its own softmax": softmax(
            scores
        ),
        "log_softmax is applied at the end. Return the scores as they are: the loss has it": np.log(
            softmax(scores)
        ),
        "ReLU is applied to the scores. They may be negative": relu(scores),
        "sigmoid is applied to the scores. Return them as they are": 1 / (1 + np.exp(-scores)),
    }


def conv_net(case):
    """Make the usual wrong scores of ``ConvNet``."""
    return {
        **after_the_end(conv_net_scores(case)),
        "there is no ReLU after the convolution": conv_net_scores(case, conv_relu=False),
        "there is no ReLU after the hidden layer": conv_net_scores(case, hidden_relu=False),
        "there is no ReLU at all": conv_net_scores(case, conv_relu=False, hidden_relu=False),
    }


def deep_net_maps(case, *, with_relu=True, last_relu=True, take=np.max):
    """Compute the feature maps of ``DeepNet``."""
    x, stride, kernel = case["images"].astype(np.float64), int(case["stride"]), int(case["kernel_size"])
    last = len(case["channels"]) - 1
    for i in range(last + 1):
        x = conv(x, case[f"conv{i}_w"], case[f"conv{i}_b"], stride, kernel // 2)
        x = relu(x) if with_relu and (last_relu or i < last) else x
        x = pool(x, take=take) if stride == 1 else x
    return x


def deep_net_features(case):
    """Make the usual wrong feature maps of ``DeepNet``."""
    wrong = {"there is no ReLU after the last convolution": deep_net_maps(case, last_relu=False)}
    if len(case["channels"]) > 1:
        wrong["there is no ReLU after the convolutions"] = deep_net_maps(case, with_relu=False)
    if int(case["stride"]) == 1:
        wrong["the mean of each window is pooled, and not its largest number"] = deep_net_maps(
            case, take=np.mean
        )
    right = deep_net_maps(case)
    wrong["the feature maps are flattened already. Do that in forward"] = right.reshape(len(right), -1)
    return wrong


def deep_net_scores(case, *, hidden_relu=True):
    """Compute the scores of ``DeepNet``."""
    maps = deep_net_maps(case)
    return _last_layers(case, maps.reshape(len(maps), -1), hidden_relu)


def deep_net(case):
    """Make the usual wrong scores of ``DeepNet``."""
    wrong = {"there is no ReLU after the hidden layer": deep_net_scores(case, hidden_relu=False)}
    return {**after_the_end(deep_net_scores(case)), **wrong}


def regularized_scores(case, *, batch=False, order=("norm", "relu", "pool")):
    """Compute the scores of ``RegularizedNet`` without dropout.

    Parameters
    ----------
    case : dict
    batch : bool
        Normalize by the batch, as in training mode, not by what is remembered.
    order : sequence of str
        What happens behind the convolution.
    """
    x = conv(
        case["images"].astype(np.float64), case["conv0_w"], case["conv0_b"], 1, int(case["settings"][1]) // 2
    )
    steps = {"norm": lambda x: _normalized(case, x, batch), "relu": relu, "pool": pool}
    for name in order:
        x = steps[name](x)
    return _last_layers(case, x.reshape(len(x), -1))


def _normalized(case, x, batch):
    mean, var = case["norm_running_mean"], case["norm_running_var"]
    if batch:
        mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
    scale = case["norm_weight"] / np.sqrt(var + 1e-5)
    return (x - mean[:, None, None]) * scale[:, None, None] + case["norm_bias"][:, None, None]


def regularized(case):
    """Make the usual wrong scores of ``RegularizedNet`` in evaluation mode."""
    # the probe sets no weights of a batch norm that remembers nothing
    ones = np.ones_like(case["norm_weight"])
    fresh = case | {"norm_weight": ones, "norm_bias": 0 * ones}
    return {
        **after_the_end(regularized_scores(case)),
        "batch norm stands after the ReLU. It belongs between convolution and ReLU": regularized_scores(
            case, order=("relu", "norm", "pool")
        ),
        "there is no batch norm": regularized_scores(case, order=("relu", "pool")),
        "there is no ReLU after batch norm": regularized_scores(case, order=("norm", "pool")),
        "batch norm goes by the batch in evaluation mode, too": regularized_scores(case, batch=True),
        "batch norm remembers nothing (track_running_stats=False)": regularized_scores(fresh, batch=True),
    }


def mosaic_right(case):
    """Lay the filters side by side, one after the other."""
    weight, nrows, ncols = case["weight"], int(case["nrows"]), int(case["ncols"])
    return np.block([[weight[row * ncols + column, 0] for column in range(ncols)] for row in range(nrows)])


def mosaic(case):
    """Make the usual wrong mosaics."""
    weight, nrows, ncols = case["weight"], int(case["nrows"]), int(case["ncols"])
    F, _, KH, KW = weight.shape
    tiles = weight[:, 0]

    def laid(pictures):
        return mosaic_right({**case, "weight": pictures[:, None]})

    scrambled = weight.reshape(KH, KW, nrows, ncols)
    wrong = {
        "reshape alone is used: it keeps the numbers in their order, so rows of different filters are mixed": (
            tiles.reshape(nrows * KH, ncols * KW)
        ),
        "the filters' axis is cut off by a reshape instead of being moved: every picture is a mixture of all filters": (
            laid(scrambled.transpose(2, 3, 0, 1).reshape(F, KH, KW))
        ),
        "the filters are laid column by column. Filter f belongs in row f // ncols": (
            tiles.reshape(ncols, nrows, KH, KW).transpose(1, 2, 0, 3).reshape(nrows * KH, ncols * KW)
        ),
        "every filter is upside down": laid(tiles[:, ::-1]),
        "every filter is mirrored": laid(tiles[:, :, ::-1]),
        "the filters stand in the opposite order": laid(tiles[::-1]),
    }
    if KH == KW:
        wrong["rows and columns of every filter are swapped"] = laid(tiles.transpose(0, 2, 1))
    return wrong


def responses_right(case):
    """Return the maps of a convolution on one image: (F, OH, OW)."""
    return responses(case, None)


def responses(case, change):
    """Return the maps of a convolution on one image, computed in another way if ``change`` says how."""
    stride, pad = int(case["stride"]), int(case["padding"])
    w, b = case["weight"].astype(np.float64), case["bias"].astype(np.float64)
    x = case["image"][None, None].astype(np.float64)
    if change == "flip":
        w = w[:, :, ::-1, ::-1]
    elif change == "bias":
        b = np.zeros_like(b)
    elif change == "both":
        w, b = w[:, :, ::-1, ::-1], np.zeros_like(b)
    elif change == "padding":
        pad = 0
    elif change == "stride":
        stride = 1
    return conv(x, w, b, stride, pad)[0]


def wrong_responses(case):
    """Make the usual wrong maps."""
    right = responses_right(case)
    wrong = {
        "the filters are flipped, as scipy.signal.convolve2d does. The network does not": responses(
            case, "flip"
        ),
        "the bias is left out": responses(case, "bias"),
        "the filters are flipped, as scipy.signal.convolve2d does, and the bias is left out": responses(
            case, "both"
        ),
        "a ReLU is applied. Wanted is what the convolution itself gives": relu(right),
        "the axis of the batch is still there: take [0]": right[None],
        "the filters are the last axis. They come first": np.moveaxis(right, 0, -1),
        "the maps of all filters are averaged": right.mean(axis=0),
    }
    if int(case["padding"]):
        wrong["the padding of the convolution is left out"] = responses(case, "padding")
    if int(case["stride"]) > 1:
        wrong["the stride of the convolution is ignored"] = responses(case, "stride")
    return wrong
