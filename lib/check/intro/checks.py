"""The published checks of the introduction: inputs, and what comes out of them."""

from __future__ import annotations

import numpy as np

from lib.check.intro import objects
from lib.check.intro.looks import (
    correlate_problems,
    loop_problems,
    max_pool_problems,
    mosaic_problems,
    responses_problems,
)
from lib.check.intro.networks import conv_net_problems, deep_net_problems, regularized_problems
from lib.check.run import Case, Check

#: Where right answers stand in NumPy: not there while an answer is looked at.
ANSWERS = tuple(
    f"lib.check.intro.{name}" for name in ("alternatives", "checks", "looks", "networks", "objects")
)
#: What nobody may import who is to write a convolution in NumPy.
WITHHELD = (*ANSWERS, "torch", "scipy", "lib.intro.nets", "lib.intro.filters", "lib.intro.train")


def _case(title, inputs, problems, note=""):
    """Make a case whose problems may come as a list or by criterion."""

    def look(answer):
        found = problems(answer, inputs)
        if isinstance(found, dict):
            found = [said for said in found.values() for said in said]
        return list(dict.fromkeys(found)), note

    return Case(title, inputs, look)


def correlate_inputs(rng, shape, kernel, stride=1, padding=0):
    """Draw inputs of ``correlate``."""
    return {
        "image": rng.standard_normal(shape),
        "kernel": rng.standard_normal(kernel),
        "stride": np.array(stride),
        "padding": np.array(padding),
    }


def correlate_cases():
    """List the published cases of ``correlate``."""
    rng = np.random.default_rng(30)
    by_hand = {
        "image": np.arange(1.0, 10.0).reshape(3, 3),
        "kernel": np.array([[1.0, 0.0], [0.0, 10.0]]),
        "stride": np.array(1),
        "padding": np.array(0),
    }
    return [
        _case("3x3 pixels, one kernel of 2x2", by_hand, correlate_problems),
        _case(
            "5 rows, 9 columns, a kernel of 2x3", correlate_inputs(rng, (5, 9), (2, 3)), correlate_problems
        ),
        _case("padding 1", correlate_inputs(rng, (5, 4), (3, 3), 1, 1), correlate_problems),
        _case(
            "stride 2, padding 1, a remainder",
            correlate_inputs(rng, (6, 9), (3, 3), 2, 1),
            correlate_problems,
        ),
    ]


def pool_inputs(rng, shape, size, stride):
    """Draw inputs of ``max_pool``: most numbers are negative."""
    return {"image": rng.standard_normal(shape) - 1, "size": np.array(size), "stride": np.array(stride)}


def max_pool_cases():
    """List the published cases of ``max_pool``."""
    rng = np.random.default_rng(31)
    table = np.array([[1.0, 5, 2, 0], [4, 0, 1, 7], [2, 3, 6, 1], [0, 8, 1, 2]])
    by_hand = {"image": table, "size": np.array(2), "stride": np.array(2)}
    return [
        _case("4x4 pixels, windows of 2x2", by_hand, max_pool_problems),
        _case("negative numbers", pool_inputs(rng, (4, 6), 2, 2), max_pool_problems),
        _case("windows of 3x3 that overlap", pool_inputs(rng, (7, 9), 3, 2), max_pool_problems),
        _case("5 rows, 7 columns: a remainder", pool_inputs(rng, (5, 7), 2, 2), max_pool_problems),
    ]


def step_inputs(rng, steps=3, count=6, side=4, classes=5):
    """Draw batches and the weights of a linear network."""
    return {
        "images": rng.random((steps, count, 1, side, side), dtype=np.float32),
        "labels": rng.integers(0, classes, (steps, count)),
        "w": rng.standard_normal((classes, side * side)).astype(np.float32),
        "b": rng.standard_normal(classes).astype(np.float32),
        "lr": np.array(0.5),
    }


def accuracy_inputs(rng, count, batch_size, side=4, classes=5):
    """Draw images, labels and the weights of a linear network; the last, smaller batch has more right answers."""
    w = rng.standard_normal((classes, side * side)).astype(np.float32)
    images = rng.random((count, 1, side, side), dtype=np.float32)
    labels = (images.reshape(count, -1) @ w.T).argmax(axis=1)
    others = rng.random(count) < 0.5
    others[:2], others[count - count % batch_size :] = (False, True), False
    labels[others] = (labels[others] + 1) % classes
    return {
        "images": images,
        "labels": labels.astype(np.int64),
        "w": w,
        "b": np.zeros(classes, np.float32),
        "batch_size": np.array(batch_size),
    }


def loop_cases():
    """List the published cases of ``train_step`` and ``accuracy``."""
    rng = np.random.default_rng(32)
    return [
        _case("train_step: three batches", step_inputs(rng), loop_problems),
        _case("accuracy: 20 images, all at once", accuracy_inputs(rng, 20, 20), loop_problems),
        _case("accuracy: 23 images in batches of 10", accuracy_inputs(rng, 23, 10), loop_problems),
    ]


def _weights(rng, **shapes):
    """Draw weights that keep numbers of a good size, and biases."""
    drawn = {}
    for name, shape in shapes.items():
        spread = np.sqrt(2 / np.prod(shape[1:]))
        drawn[f"{name}_w"] = (rng.standard_normal(shape) * spread).astype(np.float32)
        drawn[f"{name}_b"] = (rng.standard_normal(shape[0]) * 0.1).astype(np.float32)
    drawn["out_b"][:] = 0  # the last layer may be without a bias
    return drawn


def conv_net_inputs(rng, filters, kernel, padding, count=4):
    """Draw settings, weights and images of ``ConvNet``."""
    side = 28 + 2 * padding - kernel + 1
    shapes = {"conv0": (filters, 1, kernel, kernel), "hidden": (100, filters * side * side), "out": (10, 100)}
    return {
        "settings": np.array([filters, kernel, padding]),
        "images": rng.standard_normal((count, 1, 28, 28)).astype(np.float32),
        **_weights(rng, **shapes),
    }


def conv_net_cases():
    """List the published cases of ``ConvNet``."""
    rng = np.random.default_rng(33)
    return [
        _case(
            f"{filters} filters of {kernel}x{kernel}, padding {padding}",
            conv_net_inputs(rng, filters, kernel, padding),
            conv_net_problems,
        )
        for filters, kernel, padding in ((16, 5, 0), (4, 5, 2), (3, 9, 1))
    ]


def deep_net_inputs(rng, channels, kernel, stride, count=3):
    """Draw weights and images of ``DeepNet``; stride 1 stands for pooling."""
    shapes, before, side = {}, 1, 28
    for i, filters in enumerate(channels):
        shapes[f"conv{i}"] = (filters, before, kernel, kernel)
        before, side = filters, side // 2 if stride == 1 else (side + 1) // 2
    shapes |= {"hidden": (100, before * side * side), "out": (10, 100)}
    return {
        "channels": np.array(channels),
        "kernel_size": np.array(kernel),
        "stride": np.array(stride),
        "images": rng.standard_normal((count, 1, 28, 28)).astype(np.float32),
        **_weights(rng, **shapes),
    }


def deep_net_cases():
    """List the published cases of ``DeepNet``."""
    rng = np.random.default_rng(34)
    how = {1: "pool", 2: "stride"}
    return [
        _case(
            f'channels={channels}, kernel_size={kernel}, shrink="{how[stride]}"',
            deep_net_inputs(rng, channels, kernel, stride),
            deep_net_problems,
        )
        for channels, kernel, stride in (((3, 4), 5, 1), ((3, 4), 5, 2), ((2, 3, 4), 3, 1), ((2, 3, 4), 3, 2))
    ]


def regularized_inputs(rng, filters, kernel, dropout, count=8):
    """Draw settings, weights and images of ``RegularizedNet``."""
    shapes = {"conv0": (filters, 1, kernel, kernel), "hidden": (100, filters * 14 * 14), "out": (10, 100)}
    weights = _weights(rng, **shapes)
    weights["conv0_b"][:] = 0  # batch norm takes it out again, so it may be left out
    return {
        "settings": np.array([filters, kernel]),
        "dropout": np.array(dropout),
        "images": rng.standard_normal((count, 1, 28, 28)).astype(np.float32),
        **weights,
        "norm_weight": rng.uniform(0.5, 1.5, filters).astype(np.float32),
        "norm_bias": (rng.standard_normal(filters) * 0.5).astype(np.float32),
        "norm_running_mean": (rng.standard_normal(filters) * 0.5).astype(np.float32),
        "norm_running_var": rng.uniform(0.5, 2.0, filters).astype(np.float32),
    }


def regularized_cases():
    """List the published cases of ``RegularizedNet``."""
    rng = np.random.default_rng(35)
    return [
        _case(
            f"{filters} filters of {kernel}x{kernel}, dropout {dropout}",
            regularized_inputs(rng, filters, kernel, dropout),
            regularized_problems,
        )
        for filters, kernel, dropout in ((6, 9, 0.5), (8, 5, 0.25))
    ]


def mosaic_inputs(rng, shape, nrows, ncols):
    """Draw filters and a grid for them."""
    return {
        "weight": rng.standard_normal((nrows * ncols, 1, *shape)),
        "nrows": np.array(nrows),
        "ncols": np.array(ncols),
    }


def mosaic_cases():
    """List the published cases of ``filter_mosaic``."""
    rng = np.random.default_rng(36)
    return [
        _case("two filters of 2x2 side by side", mosaic_inputs(rng, (2, 2), 1, 2), mosaic_problems),
        _case("16 filters of 9x9 in 4 rows", mosaic_inputs(rng, (9, 9), 4, 4), mosaic_problems),
        _case("6 filters of 3x4 in 2 rows", mosaic_inputs(rng, (3, 4), 2, 3), mosaic_problems),
    ]


def responses_inputs(rng, filters, kernel, shape, stride=1, padding=0):
    """Draw a convolution and an image."""
    return {
        "weight": rng.standard_normal((filters, 1, *kernel)).astype(np.float32),
        "bias": rng.standard_normal(filters).astype(np.float32),
        "image": rng.random(shape, dtype=np.float32),
        "stride": np.array(stride),
        "padding": np.array(padding),
    }


def responses_cases():
    """List the published cases of ``filter_responses``."""
    rng = np.random.default_rng(37)
    return [
        _case("4 filters of 5x5", responses_inputs(rng, 4, (5, 5), (28, 28)), responses_problems),
        _case(
            "3 filters of 9x9, padding 4",
            responses_inputs(rng, 3, (9, 9), (28, 28), 1, 4),
            responses_problems,
        ),
        _case(
            "10 rows, 12 columns, stride 2",
            responses_inputs(rng, 3, (3, 3), (10, 12), 2, 1),
            responses_problems,
        ),
    ]


PROBES = "lib.check.intro.probes"
CHECKS = {
    "correlate": Check(f"{PROBES}:correlate", correlate_cases, WITHHELD),
    "max_pool": Check(f"{PROBES}:max_pool", max_pool_cases, WITHHELD),
    "training_loop": Check(f"{PROBES}:training_loop", loop_cases, ANSWERS),
    "conv_net": Check(f"{PROBES}:conv_net", conv_net_cases, ANSWERS),
    "deep_net": Check(f"{PROBES}:deep_net", deep_net_cases, ANSWERS),
    "mosaic": Check(f"{PROBES}:filter_mosaic", mosaic_cases, ANSWERS),
    "responses": Check(f"{PROBES}:filter_responses", responses_cases, ANSWERS),
    "regularized_net": Check(f"{PROBES}:regularized_net", regularized_cases, ANSWERS),
}
OBJECT_CHECKS = {
    "by_hand": objects.by_hand,
    "output_sizes": objects.output_sizes,
    "training": objects.training,
}
