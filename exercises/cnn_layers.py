"""How the layers of the convolution course are judged: classes for images (N, H, W, C).

Cases sweep what students get wrong: padding 0 and more, images that are not square, pixels left over, windows
that overlap, 1x1 kernels, one channel, one image. A case is made of criteria (the array of a forward pass,
each gradient of a backward pass); the share of criteria that are met is the share of the points.
"""

from __future__ import annotations

import numpy as np

from exercises import Context, Exercise, Verdict
from exercises.criteria import TOLERANCE, by_case, share
from lib.check.cnn import alternatives
from lib.check.cnn.checks import WITHHELD, conv_backward_problems, pool_backward_problems
from lib.check.cnn.checks import test_cnn_inputs as published_network
from lib.check.cnn.network import layers_of, limit_problem, look_at_network
from lib.check.cnn.sizes import size_problems
from lib.check.diagnose import compare
from lib.check.fresh import describe_error

# (shape, kernel, filters, stride, padding)
CONV_SHAPES = [
    ((2, 6, 6, 3), 3, 4, 1, 0),
    ((3, 7, 7, 2), 3, 3, 2, 1),
    ((2, 5, 9, 2), 2, 3, 1, 1),
    ((2, 8, 6, 1), 3, 2, 2, 0),
    ((2, 5, 4, 3), 1, 2, 1, 0),
    ((1, 6, 5, 2), 4, 2, 1, 2),
    ((4, 9, 8, 3), 4, 5, 3, 1),
]
# (shape, pool size, stride)
POOL_SHAPES = [
    ((2, 6, 6, 3), 2, 2),
    ((3, 7, 7, 2), 3, 2),
    ((2, 5, 9, 2), 2, 1),
    ((2, 8, 7, 1), 2, 3),
    ((1, 6, 4, 3), 4, 2),
    ((2, 4, 5, 2), 1, 1),
]


def _batch(rng, shape):
    """Draw images without two equal pixels, so that every maximum is the only one."""
    return rng.standard_normal(shape)


def conv_cases(rng):
    """Draw inputs of a convolution's forward pass."""
    return [
        {
            "x": _batch(rng, shape),
            "w": rng.standard_normal((kernel, kernel, shape[3], filters)),
            "b": rng.standard_normal(filters),
            "stride": np.array(stride),
            "padding": np.array(padding),
        }
        for shape, kernel, filters, stride, padding in CONV_SHAPES
    ]


def conv_backward_cases(rng):
    """Draw inputs and output slopes of a convolution."""
    return [
        case | {"dout": rng.standard_normal(alternatives.conv_right(case)[0].shape)}
        for case in conv_cases(rng)
    ]


def pool_cases(rng):
    """Draw inputs of max pooling."""
    return [
        {"x": _batch(rng, shape), "pool_size": np.array(size), "stride": np.array(stride)}
        for shape, size, stride in POOL_SHAPES
    ]


def pool_backward_cases(rng):
    """Draw inputs and output slopes of max pooling."""
    return [
        case | {"dout": rng.standard_normal(alternatives.pool_right(case)[0].shape)}
        for case in pool_cases(rng)
    ]


def size_cases(rng):
    """Draw settings of a convolution: kernel, filters, stride, padding, and a batch that they fit."""
    cases = []
    for padding, stride in [(0, 1), (0, 2), (1, 1), (2, 2), (3, 2), (1, 3), (0, 3), (2, 1)]:
        kernel = int(rng.integers(1, 6))
        height, width = (int(n) for n in rng.choice(np.arange(kernel, kernel + 30), 2, replace=False))
        shape = [int(rng.integers(1, 9)), height, width, int(rng.integers(1, 5))]
        settings = [kernel, int(rng.integers(1, 20)), stride, padding]
        cases.append({"input_shape": np.array(shape), "settings": np.array(settings)})
    return cases


def network_cases(rng):
    """Draw parameters and images of the small test network."""
    case = published_network()
    drawn = {
        name: rng.standard_normal(case[name].shape) * 0.5
        for name in ("conv_w", "conv_b", "fc_w", "fc_b", "feats")
    }
    return [case | drawn | {"seed": rng.integers(1000), "y": rng.integers(0, 5, len(case["y"]))}]


def describe(inputs):
    """Say what a case is made of."""
    if "input_shape" in inputs:
        kernel, _, stride, padding = (int(n) for n in inputs["settings"])
        shape = tuple(int(n) for n in inputs["input_shape"])
        return f"input {shape}, kernel {kernel}, stride {stride}, padding {padding}"
    shape, stride = inputs["x"].shape, int(inputs["stride"])
    if "pool_size" in inputs:
        return f"input {shape}, windows of {int(inputs['pool_size'])}, stride {stride}"
    kernel, padding = inputs["w"].shape[0], int(inputs["padding"])
    return f"input {shape}, kernel {kernel}, stride {stride}, padding {padding}"


def judge_size(got, reference, context: Context):
    """Judge output sizes: one criterion for each case."""

    def look(answer, right, inputs):
        want = [int(n) for n in right.arrays["size"]]
        return {
            "size": size_problems(
                answer.value("size", lists=True),
                want,
                [int(n) for n in inputs["settings"]],
                tuple(int(n) for n in inputs["input_shape"]),
            )
        }

    return by_case(got, reference, context, ["size"], look, describe)


def judge_forward(wrong):
    """Make the judge of a forward pass from the function that makes its usual wrong answers."""

    def judge(got, reference, context: Context):
        def look(answer, right, inputs):
            return {
                "out": compare(
                    "out",
                    answer.value("out"),
                    right.arrays["out"],
                    rtol=TOLERANCE,
                    alternatives=lambda: wrong(inputs),
                )
            }

        return by_case(got, reference, context, ["out"], look, describe)

    return judge


def judge_conv_backward(got, reference, context: Context):
    """Judge the three gradients of a convolution, each by itself."""

    def look(answer, right, inputs):
        return conv_backward_problems(answer, right.arrays, inputs, TOLERANCE)

    return by_case(got, reference, context, ["dimg", "dw", "db"], look, describe)


def judge_pool_backward(got, reference, context: Context):
    """Judge the gradient of max pooling."""

    def look(answer, right, inputs):
        return {"dimg": pool_backward_problems(answer, right.arrays["dimg"], inputs, TOLERANCE)}

    return by_case(got, reference, context, ["dimg"], look, describe)


def judge_network(got, reference, context: Context):
    """Judge the small test network part by part: layers, first weights, scores, loss, gradients."""
    if got[0].error is not None:
        return Verdict(0.0, describe_error(got[0].error))
    parts = look_at_network(got[0], reference[0].arrays)
    return share(list(parts.items()))


def refuse_deep_network(answer):
    """Say that a trained network breaks the limits of the course; empty when it does not."""
    layers = layers_of(answer)
    return limit_problem(layers) if layers else "the network has no layers."


def layer_exercises() -> list[Exercise]:
    """List the exercises on layers and on the small test network, in the order of the notebooks."""
    return [
        Exercise(
            "output_size",
            probe="lib.check.cnn.probes:output_size",
            cases=size_cases,
            judge=judge_size,
            withhold=WITHHELD,
        ),
        Exercise(
            "conv_forward",
            probe="lib.check.cnn.probes:conv_forward",
            cases=conv_cases,
            judge=judge_forward(alternatives.conv_forward),
            withhold=WITHHELD,
        ),
        Exercise(
            "conv_backward",
            probe="lib.check.cnn.probes:conv_backward",
            cases=conv_backward_cases,
            judge=judge_conv_backward,
            withhold=WITHHELD,
        ),
        Exercise(
            "pool_forward",
            probe="lib.check.cnn.probes:pool_forward",
            cases=pool_cases,
            judge=judge_forward(alternatives.pool_forward),
            withhold=WITHHELD,
        ),
        Exercise(
            "pool_backward",
            probe="lib.check.cnn.probes:pool_backward",
            cases=pool_backward_cases,
            judge=judge_pool_backward,
            withhold=WITHHELD,
        ),
        Exercise("test_cnn", probe="lib.check.cnn.probes:test_cnn", cases=network_cases, judge=judge_network),
    ]
