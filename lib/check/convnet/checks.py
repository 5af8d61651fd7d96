"""The published checks of the functional course: inputs, and what comes out of them."""

from __future__ import annotations

import numpy as np

from lib.check.convnet import alternatives, norm_checks, objects
from lib.check.convnet.common import GRADIENT, compare_images, forward_case
from lib.check.convnet.network import draw_case, look_at_net
from lib.check.convnet.tables import AVG_TABLE, CONV_TABLE, MAX_TABLE
from lib.check.run import Case, Check
from lib.grad_check import rel_error

#: What nobody may import who is to write a layer.
WITHHELD = ("lib.ops", "lib.cnn", "lib.convnet.fast_layers", "lib.grad_check")


def conv_inputs(rng, shape, filters, kernel, stride, pad):
    """Draw inputs of a convolution: shape (N, C, H, W), kernel (KH, KW)."""
    return {
        "x": rng.standard_normal(shape),
        "w": rng.standard_normal((filters, shape[1], *kernel)),
        "b": rng.standard_normal(filters),
        "stride": np.array(stride),
        "pad": np.array(pad),
    }


def pool_inputs(rng, shape, window, stride):
    """Draw inputs of a pooling, without two equal pixels."""
    height, width = (np.array(n) for n in window)
    x = rng.standard_normal(shape)
    return {"x": x, "pool_height": height, "pool_width": width, "stride": np.array(stride)}


def with_slopes(inputs, out):
    """Add slopes of the shape of an output."""
    return inputs | {"dout": np.random.default_rng(out.size).standard_normal(out.shape)}


def conv_forward_cases():
    """List the published cases of the convolution's forward pass."""
    rng = np.random.default_rng(30)
    table = {
        "x": np.linspace(-0.1, 0.5, num=96).reshape(2, 3, 4, 4),
        "w": np.linspace(-0.2, 0.3, num=144).reshape(3, 3, 4, 4),
        "b": np.linspace(-0.1, 0.2, num=3),
        "stride": np.array(2),
        "pad": np.array(1),
    }
    right, wrong = alternatives.conv_right, alternatives.conv_forward
    draw = [
        ("no padding, 3 images of 3 channels", ((3, 3, 6, 6), 4, (3, 3), 1, 0)),
        ("6 rows, 9 columns, stride 2, a remainder", ((2, 2, 6, 9), 3, (3, 3), 2, 0)),
        ("padding 2, stride 3", ((2, 2, 7, 8), 2, (4, 4), 3, 2)),
        ("filters of 2 rows and 3 columns", ((2, 3, 5, 6), 2, (2, 3), 1, 1)),
    ]
    return [
        forward_case("three 4x4 filters, stride 2, padding 1", table, right, wrong, CONV_TABLE),
        *(forward_case(title, conv_inputs(rng, *sizes), right, wrong) for title, sizes in draw),
    ]


KEPT_PADDED = "; or forward put the padded images into x, which is what the cache keeps: use another name"


def conv_backward_problems(answer, want, inputs, rtol):
    """List the symptoms of dx, dw and db, each by itself."""
    made = {}

    def wrong(name):
        if not made:
            made.update(alternatives.conv_backward(inputs))
        return made[name]

    one = {**inputs, "dout": np.ones_like(inputs["dout"]), "w": np.ones_like(inputs["w"])}
    overlap = alternatives.conv_gradients(one)[0][:, :1] / inputs["w"].shape[0]
    dx = compare_images(
        "dx",
        answer,
        want["dx"],
        rtol,
        alternatives=lambda: wrong("dx"),
        overlap=np.round(overlap),
        pad=int(inputs["pad"]),
        hints={"padded": KEPT_PADDED},
    )
    return {
        "dx": dx,
        "dw": compare_images("dw", answer, want["dw"], rtol, alternatives=lambda: wrong("dw"), image=False),
        "db": compare_images("db", answer, want["db"], rtol, alternatives=lambda: wrong("db"), image=False),
    }


def _conv_backward_case(title, inputs):
    inputs = with_slopes(inputs, alternatives.conv_right(inputs)[0])

    def look(answer):
        want = dict(zip(("dx", "dw", "db"), alternatives.conv_gradients(inputs), strict=True))
        problems = conv_backward_problems(answer, want, inputs, GRADIENT)
        errors = {
            name: f"{rel_error(answer.value(name), want[name]):.0e}"
            for name in want
            if not any(problems.values())
        }
        return [said for found in problems.values() for said in found], ", ".join(
            f"{name} error {error}" for name, error in errors.items()
        )

    return Case(title, inputs, look)


def conv_backward_cases():
    """List the published cases of the convolution's backward pass."""
    rng = np.random.default_rng(31)
    return [
        _conv_backward_case(title, conv_inputs(rng, *sizes))
        for title, sizes in [
            ("4 images of 5x5, padding 1", ((4, 3, 5, 5), 2, (3, 3), 1, 1)),
            ("no padding, 5 rows, 8 columns, a remainder", ((2, 2, 5, 8), 3, (2, 2), 2, 0)),
            ("overlapping windows, stride 2, padding 2", ((2, 2, 6, 7), 2, (4, 4), 2, 2)),
            ("filters of 3 rows and 2 columns", ((2, 2, 5, 6), 3, (3, 2), 1, 1)),
        ]
    ]


POOL_SIZES = [
    ("windows side by side", ((2, 2, 6, 6), (2, 2), 2)),
    ("overlapping windows of 3, 7 rows, 9 columns", ((2, 3, 7, 9), (3, 3), 2)),
    ("a remainder: 8x7 pixels, stride 3", ((2, 2, 8, 7), (2, 2), 3)),
    ("windows of 2 rows and 3 columns", ((2, 2, 6, 7), (2, 3), 1)),
]


def pool_forward_cases(kind):
    """Make the function that lists the published cases of a pooling, "max" or "avg", forward."""

    def cases():
        rng = np.random.default_rng(32)
        table = {
            "x": np.linspace(-0.3, 0.4, num=96).reshape(2, 3, 4, 4),
            "pool_height": np.array(2),
            "pool_width": np.array(2),
            "stride": np.array(2),
        }

        def right(inputs):
            return alternatives.pool_right(inputs, kind)

        def wrong(inputs):
            return alternatives.pool_forward(inputs, kind)

        published = MAX_TABLE if kind == "max" else AVG_TABLE
        return [
            forward_case("2x2 windows, stride 2, on 4x4 images", table, right, wrong, published),
            *(forward_case(title, pool_inputs(rng, *sizes), right, wrong) for title, sizes in POOL_SIZES[1:]),
        ]

    return cases


def pool_backward_problems(answer, want, inputs, kind, rtol):
    """List the symptoms of the gradient of a pooling."""
    many = {**inputs, "dout": np.ones_like(inputs["dout"])}
    return compare_images(
        "dx",
        answer,
        want,
        rtol,
        alternatives=lambda: alternatives.pool_backward(inputs, kind),
        overlap=alternatives.pool_gradient(many, "max") if kind == "max" else alternatives.cover(inputs),
    )


def pool_backward_cases(kind):
    """Make the function that lists the published cases of a pooling, "max" or "avg", backward."""

    def make(title, inputs):
        inputs = with_slopes(inputs, alternatives.pool_right(inputs, kind)[0])

        def look(answer):
            want = alternatives.pool_gradient(inputs, kind)
            problems = pool_backward_problems(answer, want, inputs, kind, GRADIENT)
            return problems, "" if problems else f"dx error {rel_error(answer.value('dx'), want):.0e}"

        return Case(title, inputs, look)

    def cases():
        rng = np.random.default_rng(33)
        return [make(title, pool_inputs(rng, *sizes)) for title, sizes in POOL_SIZES]

    return cases


def net_cases(layers):
    """Make the function that lists the published case of a network."""

    def cases():
        inputs = draw_case(layers, np.random.default_rng(38))

        def look(answer):
            parts = look_at_net(answer, inputs, layers)
            for name, problems in parts.items():
                if problems:
                    passed = [part for part in parts if not parts[part]]
                    return [
                        *problems[:6],
                        *([f"(right so far: {', '.join(passed)})"] if passed else []),
                    ], name
            return [], f"{', '.join(parts)} right"

        return [Case("a small network in double precision", inputs, look)]

    return cases


def _check(name, cases, withhold=WITHHELD):
    return Check(f"lib.check.convnet.probes:{name}", cases, withhold)


CHECKS = {
    "conv_forward": _check("conv_forward", conv_forward_cases),
    "conv_backward": _check("conv_backward", conv_backward_cases),
    "max_pool_forward": _check("max_pool_forward", pool_forward_cases("max")),
    "max_pool_backward": _check("max_pool_backward", pool_backward_cases("max")),
    "avg_pool_forward": _check("avg_pool_forward", pool_forward_cases("avg")),
    "avg_pool_backward": _check("avg_pool_backward", pool_backward_cases("avg")),
    "spatial_batchnorm_forward": _check("spatial_batchnorm_forward", norm_checks.batchnorm_forward_cases),
    "spatial_batchnorm_backward": _check("spatial_batchnorm_backward", norm_checks.batchnorm_backward_cases),
    "groupnorm_forward": _check("groupnorm_forward", norm_checks.groupnorm_forward_cases),
    "groupnorm_backward": _check("groupnorm_backward", norm_checks.groupnorm_backward_cases),
    "three_layer_net": _check("three_layer_net", net_cases(3), ()),
    "four_layer_net": _check("four_layer_net", net_cases(4), ()),
}

#: What lives in the notebook and is checked where it is.
OBJECT_CHECKS = {"image_filters": objects.image_filters, "training": objects.training}
