"""How the functional layers and networks are judged: images (N, C, H, W).

Cases sweep what students get wrong: padding 0 and more, images and windows that are not square, pixels left over,
windows that overlap, one channel, one image, one group and as many groups as channels, a penalty on the weights. A
case is made of criteria (the array of a forward pass, each gradient of a backward pass); the share of criteria that
are met is the share of the points.
"""

from __future__ import annotations

from exercises import Context, Exercise, Verdict
from exercises.criteria import TOLERANCE, by_case, share
from exercises.training import training_exercise
from lib.check.convnet import alternatives, norm_alternatives
from lib.check.convnet.checks import (
    WITHHELD,
    conv_backward_problems,
    conv_inputs,
    pool_backward_problems,
    pool_inputs,
)
from lib.check.convnet.common import forward_problems
from lib.check.convnet.network import draw_case, look_at_net
from lib.check.convnet.norm_checks import batchnorm_forward_problems, norm_backward_problems, norm_inputs
from lib.check.convnet.objects import smoothing_problems, vertical_edges_problems
from lib.check.fresh import describe_error

# (N, C, H, W), filters, (KH, KW), stride, pad
CONV_SHAPES = [
    ((2, 3, 6, 6), 4, (3, 3), 1, 0),
    ((3, 2, 7, 7), 3, (3, 3), 2, 1),
    ((2, 2, 5, 9), 3, (2, 2), 1, 1),
    ((2, 1, 8, 6), 2, (3, 3), 2, 0),
    ((2, 3, 5, 4), 2, (1, 1), 1, 0),
    ((1, 2, 6, 5), 2, (4, 4), 1, 2),
    ((2, 2, 6, 8), 3, (2, 4), 2, 1),
    ((4, 3, 9, 8), 5, (4, 4), 3, 1),
]
# (N, C, H, W), (PH, PW), stride
POOL_SHAPES = [
    ((2, 3, 6, 6), (2, 2), 2),
    ((3, 2, 7, 7), (3, 3), 2),
    ((2, 2, 5, 9), (2, 2), 1),
    ((2, 1, 8, 7), (2, 2), 3),
    ((1, 3, 6, 5), (2, 4), 2),
    ((2, 2, 6, 7), (3, 1), 1),
]
BATCH_SHAPES = [(2, 3, 4, 5), (6, 2, 3, 2), (3, 4, 1, 5), (2, 1, 4, 4)]
# (N, C, H, W), groups
GROUP_SHAPES = [((2, 6, 4, 5), 2), ((2, 6, 3, 2), 3), ((3, 4, 3, 2), 1), ((2, 3, 5, 4), 3), ((1, 8, 2, 3), 2)]


def _with_slopes(rng, inputs, out):
    return inputs | {"dout": rng.standard_normal(out.shape)}


def _conv_cases(rng):
    return [conv_inputs(rng, *sizes) for sizes in CONV_SHAPES]


def _conv_backward_cases(rng):
    return [_with_slopes(rng, case, alternatives.conv_right(case)[0]) for case in _conv_cases(rng)]


def _pool_cases(rng):
    return [pool_inputs(rng, *sizes) for sizes in POOL_SHAPES]


def _pool_backward_cases(rng):
    return [_with_slopes(rng, case, alternatives.pool_right(case, "max")[0]) for case in _pool_cases(rng)]


def _batch_cases(rng):
    return [norm_inputs(rng, shape) for shape in BATCH_SHAPES]


def _group_cases(rng):
    return [norm_inputs(rng, *sizes) for sizes in GROUP_SHAPES]


def _describe(inputs):
    """Say what a case is made of."""
    said = f"input {inputs['x'].shape}"
    if "w" in inputs:
        return (
            f"{said}, filters {inputs['w'].shape}, stride {int(inputs['stride'])}, pad {int(inputs['pad'])}"
        )
    if "pool_height" in inputs:
        window = f"{int(inputs['pool_height'])}x{int(inputs['pool_width'])}"
        return f"{said}, windows of {window}, stride {int(inputs['stride'])}"
    return f"{said}, {int(inputs['G'])} groups" if "G" in inputs else said


def _judge(criteria, look):
    """Make a judge; ``look(answer, arrays, inputs)`` returns the problems of each criterion."""

    def judge(got, reference, context: Context) -> Verdict:
        def problems(answer, right, inputs):
            return look(answer, right.arrays, inputs)

        return by_case(got, reference, context, criteria, problems, _describe)

    return judge


def _forward(wrong):
    def look(answer, right, inputs):
        return {"out": forward_problems(answer, right["out"], inputs, wrong, TOLERANCE)}

    return _judge(["out"], look)


def _backward(wrong):
    names = ("dx", "dgamma", "dbeta")
    return _judge(
        names,
        lambda answer, right, inputs: norm_backward_problems(answer, right, inputs, wrong, TOLERANCE),
    )


def _pool_forward(kind):
    return _forward(lambda inputs: alternatives.pool_forward(inputs, kind))


def _pool_backward(kind):
    def look(answer, right, inputs):
        return {"dx": pool_backward_problems(answer, right["dx"], inputs, kind, TOLERANCE)}

    return _judge(["dx"], look)


def _net_judge(layers):
    def judge(got, reference, context: Context) -> Verdict:
        if got[0].error is not None:
            return Verdict(0.0, describe_error(got[0].error))
        return share(list(look_at_net(got[0], context.cases[0], layers).items()))

    return judge


_JUDGES = {
    "conv_forward": (_conv_cases, _forward(alternatives.conv_forward)),
    "conv_backward": (
        _conv_backward_cases,
        _judge(
            ["dx", "dw", "db"],
            lambda answer, right, inputs: conv_backward_problems(answer, right, inputs, TOLERANCE),
        ),
    ),
    "max_pool_forward": (_pool_cases, _pool_forward("max")),
    "max_pool_backward": (_pool_backward_cases, _pool_backward("max")),
    "avg_pool_forward": (_pool_cases, _pool_forward("avg")),
    "avg_pool_backward": (_pool_backward_cases, _pool_backward("avg")),
    "spatial_batchnorm_forward": (
        _batch_cases,
        _judge(
            ["out", "running averages", "test"],
            lambda answer, right, inputs: batchnorm_forward_problems(answer, inputs, TOLERANCE),
        ),
    ),
    "spatial_batchnorm_backward": (_batch_cases, _backward(norm_alternatives.batchnorm_backward)),
    "groupnorm_forward": (_group_cases, _forward(norm_alternatives.groupnorm_forward)),
    "groupnorm_backward": (_group_cases, _backward(norm_alternatives.groupnorm_backward)),
}


def layer_exercise(name: str) -> Exercise:
    """Return the exercise "write this layer", for instance conv_forward or groupnorm_backward."""
    cases, judge = _JUDGES[name]
    return Exercise(
        name, probe=f"lib.check.convnet.probes:{name}", cases=cases, judge=judge, withhold=WITHHELD
    )


def net_exercise(name: str, layers: int) -> Exercise:
    """Return the exercise "write this network": three_layer_net or four_layer_net."""
    return Exercise(
        name,
        probe=f"lib.check.convnet.probes:{name}",
        cases=lambda rng: [draw_case(layers, rng)],
        judge=_net_judge(layers),
    )


def trained_exercise(wanted: str) -> Exercise:
    """Return the exercise "train this network": a class of lib/convnet/classifiers/cnn.py."""

    def refuse(answer):
        made = answer.text("class")
        return (
            ""
            if made == wanted
            else f"model.npz holds a {made or 'network without a name'}, wanted a {wanted}."
        )

    return training_exercise("cifar10", probe="lib.check.convnet.probes:training", refuse=refuse)


def _judge_filters(got, reference, context: Context) -> Verdict:
    """Judge the two filters written by hand, each by what it does."""
    values = got[0].arrays
    return share(
        [
            ("vertical edges", vertical_edges_problems(values.get("vertical_edges"))),
            ("smoothing", smoothing_problems(values.get("smoothing"))),
        ]
    )


def image_filters_exercise() -> Exercise:
    """Return the exercise "write a filter for vertical edges and one that smooths"."""
    return Exercise("image_filters", source="notebook", judge=_judge_filters)
