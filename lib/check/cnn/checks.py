"""The published checks of the convolution course: inputs, and what comes out of them."""

from __future__ import annotations

import numpy as np

from lib.check.cnn import alternatives, objects
from lib.check.cnn.network import SCORES_TOLERANCE, look_at_network
from lib.check.cnn.sizes import output_size_cases
from lib.check.diagnose import compare, unassigned
from lib.check.run import Case, Check
from lib.grad_check import eval_numerical_gradient, rel_error
from lib.ops import (
    conv2d_forward,
    dense_forward,
    max_pool2d_forward,
    softmax_cross_entropy_forward,
)

#: What nobody may import who is to write a layer.
WITHHELD = ("lib.ops", "lib.cnn.fast_layers", "lib.convnet", "lib.grad_check")
#: The published tables have eight digits, so a right answer differs from them by 5e-8 (relative).
TABLE_TOLERANCE = 1e-7
#: What is asked of gradients, relative to measured ones.
GRADIENT_TOLERANCE = 1e-6
#: Allowed difference from an expectation that is computed here in double precision.
EXACT = 1e-9

# One row of the output each: four pixels, two filters.
CONV_TABLE = np.array(
    [
        [-0.03874312, 0.57000324, -0.03955296, 0.57081309, -0.04036281, 0.57162293, -0.04117266, 0.57243278],
        [-0.0452219, 0.57648202, -0.04603175, 0.57729187, -0.04684159, 0.57810172, -0.04765144, 0.57891156],
        [-0.05170068, 0.5829608, -0.05251053, 0.58377065, -0.05332038, 0.5845805, -0.05413022, 0.58539035],
        [-0.05817946, 0.58943959, -0.05898931, 0.59024943, -0.05979916, 0.59105928, -0.06060901, 0.59186913],
    ]
).reshape(1, 4, 4, 2)
POOL_TABLE = np.array(
    [
        [0.11428571, 0.13015873, 0.14603175],
        [0.24126984, 0.25714286, 0.27301587],
        [0.36825397, 0.38412698, 0.4],
    ]
).reshape(1, 3, 3, 1)
SCORES_TABLE = np.array(
    [
        [-13.85107294, -11.52845818, -9.20584342, -6.88322866, -4.5606139],
        [-11.44514171, -10.21200524, -8.97886878, -7.74573231, -6.51259584],
        [-9.03921048, -8.89555231, -8.75189413, -8.60823596, -8.46457778],
        [-6.63327925, -7.57909937, -8.52491949, -9.4707396, -10.41655972],
    ]
)
TEST_CNN_LOSS = 4.56046848799693


def _conv_inputs(rng, shape, kernel, filters, stride, padding):
    return {
        "x": rng.standard_normal(shape),
        "w": rng.standard_normal((kernel, kernel, shape[3], filters)),
        "b": rng.standard_normal(filters),
        "stride": np.array(stride),
        "padding": np.array(padding),
    }


def _forward_case(title, inputs, wrong, right, table=None):
    """Make a case of a forward pass; ``table`` holds published numbers that the right answer is near to."""

    def look(answer):
        got, want = answer.value("out"), right(inputs)[0]
        problems = compare(
            "out",
            got,
            want,
            rtol=EXACT,
            alternatives=lambda: wrong(inputs),
            bias=inputs.get("b"),
            hints={"missing": unassigned("output")},
        )
        if problems or table is None:
            return problems, ""
        error = float(rel_error(got, table))
        if not error <= TABLE_TOLERANCE:
            problems = [
                f"out: the difference from the table is {error:.3g}, wanted at most {TABLE_TOLERANCE:g}."
            ]
        return problems, f"difference {error!r}"

    return Case(title, inputs, look)


def conv_forward_cases():
    """List the published cases of the convolution's forward pass."""
    rng = np.random.default_rng(20)
    table = {
        "x": np.linspace(-0.1, 0.4, num=64).reshape(1, 8, 8, 1),
        "w": np.linspace(-0.2, 0.2, num=50).reshape(5, 5, 1, 2),
        "b": np.linspace(-0.3, 0.3, num=2),
        "stride": np.array(1),
        "padding": np.array(0),
    }
    # By hand: the window [[1, 2], [4, 5]] under [[1, 0], [0, 10]] gives 1 + 50 = 51, and so on; bias 0.3.
    by_hand = {
        "x": np.arange(1.0, 10.0).reshape(1, 3, 3, 1),
        "w": np.array([[1.0, 0.0], [0.0, 10.0]]).reshape(2, 2, 1, 1),
        "b": np.array([0.3]),
        "stride": np.array(1),
        "padding": np.array(0),
    }
    wrong, right = alternatives.conv_forward, alternatives.conv_right
    return [
        _forward_case("one filter by hand", by_hand, wrong, lambda _: (_BY_HAND, None)),
        _forward_case("two 5x5 filters on an 8x8 image", table, wrong, right, CONV_TABLE),
        _forward_case("3 images of 3 channels", _conv_inputs(rng, (3, 6, 6, 3), 3, 4, 1, 0), wrong, right),
        _forward_case("stride 2, padding 1", _conv_inputs(rng, (2, 7, 7, 2), 3, 3, 2, 1), wrong, right),
        _forward_case(
            "6 rows, 9 columns, a remainder", _conv_inputs(rng, (2, 6, 9, 2), 3, 2, 2, 0), wrong, right
        ),
    ]


_BY_HAND = np.array([[51.3, 62.3], [84.3, 95.3]]).reshape(1, 2, 2, 1)


def _conv_backward_case(title, inputs, gradients=alternatives.conv_gradients):
    """Make a case of a backward pass; ``gradients`` computes or measures what is wanted."""
    measured = gradients is alternatives.conv_measured
    rtol = GRADIENT_TOLERANCE if measured else GRADIENT_TOLERANCE / 10
    out = alternatives.conv_right(inputs)[0]
    inputs = inputs | {"dout": np.random.default_rng(out.size).standard_normal(out.shape)}

    def look(answer):
        want = dict(zip(("dimg", "dw", "db"), gradients(inputs), strict=True))
        problems = conv_backward_problems(answer, want, inputs, rtol)
        if any(problems.values()):
            source = MEASURED if measured else EXACT_GRADIENT
            return [*(said for found in problems.values() for said in found), source], ""
        errors = {name: rel_error(answer.value(name), want[name]) for name in want}
        return [], ", ".join(f"{name} error {error:.1e}" for name, error in errors.items())

    return Case(title, inputs, look)


MEASURED = (
    "Wanted is the measured slope: how much sum(dprev * forward(img)) changes when one number is nudged. "
    "lib.grad_check.eval_numerical_gradient_array measures it for your own examples."
)
EXACT_GRADIENT = "Wanted is the exact gradient. lib.grad_check.eval_numerical_gradient_array measures it for your examples."
#: What is said of a gradient that is not there, has one entry, or has too many pixels.
GRADIENT_HINTS = {
    "dimg": {
        "missing": unassigned("dimg"),
        "padded": ", or forward kept the padded image in self.meta: keep img itself",
    },
    "dw": {"missing": "missing: store it, self.grads[self.w_name] = …"},
    "db": {
        "missing": "missing: store it, self.grads[self.b_name] = …",
        "scalar": "one per filter: sum over images, rows and columns only (axis=(0, 1, 2)).",
    },
}


def conv_backward_problems(answer, want, inputs, rtol):
    """List the symptoms of each of the three gradients of a convolution."""
    made = {}

    def wrong(name):
        if not made:
            made.update(alternatives.conv_backward(inputs))
        return made[name]

    pad, stride = int(inputs["padding"]), int(inputs["stride"])
    overlap = alternatives.cover(inputs["x"].shape, inputs["w"].shape[0], stride, pad)
    extra = {"dimg": {"overlap": overlap, "pad": pad}, "dw": {"image": False}, "db": {"image": False}}
    return {
        name: compare(
            name,
            answer.value(name),
            want[name],
            rtol=rtol,
            alternatives=lambda name=name: wrong(name),
            hints=GRADIENT_HINTS[name],
            **extra[name],
        )
        for name in ("dimg", "dw", "db")
    }


def conv_backward_cases():
    """List the published cases of the convolution's backward pass."""
    rng = np.random.default_rng(21)
    small = _conv_inputs(np.random.default_rng(24), (2, 5, 5, 2), 3, 3, 1, 1)
    return [
        _conv_backward_case(
            "15 images of 8x8, 12 filters, stride 2, padding 1", _conv_inputs(rng, (15, 8, 8, 3), 4, 12, 2, 1)
        ),
        _conv_backward_case(
            "no padding, 5 rows, 8 columns, a remainder", _conv_inputs(rng, (2, 5, 8, 2), 2, 3, 2, 0)
        ),
        _conv_backward_case("overlapping windows, one channel", _conv_inputs(rng, (2, 5, 5, 1), 3, 2, 1, 0)),
        _conv_backward_case("2 images of 5x5, padding 1, measured", small, alternatives.conv_measured),
    ]


def _pool_inputs(rng, shape, pool_size, stride):
    return {"x": rng.standard_normal(shape), "pool_size": np.array(pool_size), "stride": np.array(stride)}


def pool_forward_cases():
    """List the published cases of max pooling's forward pass."""
    rng = np.random.default_rng(22)
    table = {
        "x": np.linspace(-0.1, 0.4, num=64).reshape(1, 8, 8, 1),
        "pool_size": np.array(4),
        "stride": np.array(2),
    }
    wrong, right = alternatives.pool_forward, alternatives.pool_right
    return [
        _forward_case("4x4 windows, stride 2, on an 8x8 image", table, wrong, right, POOL_TABLE),
        _forward_case(
            "2x2 windows, stride 2, 3 channels", _pool_inputs(rng, (2, 6, 6, 3), 2, 2), wrong, right
        ),
        _forward_case(
            "overlapping 3x3 windows, 7 rows, 9 columns", _pool_inputs(rng, (2, 7, 9, 2), 3, 2), wrong, right
        ),
        _forward_case(
            "a remainder: 8x7 pixels, stride 3", _pool_inputs(rng, (2, 8, 7, 2), 2, 3), wrong, right
        ),
    ]


def _pool_backward_case(title, inputs):
    out = alternatives.pool_right(inputs)[0]
    inputs = inputs | {"dout": np.random.default_rng(out.size).standard_normal(out.shape)}

    def look(answer):
        want = alternatives.pool_gradient(inputs)
        problems = pool_backward_problems(answer, want, inputs, GRADIENT_TOLERANCE / 10)
        if problems:
            return problems, ""
        return [], f"dimg error {rel_error(answer.value('dimg'), want):.1e}"

    return Case(title, inputs, look)


def pool_backward_problems(answer, want, inputs, rtol):
    """List the symptoms of the gradient of max pooling."""
    # How many windows a pixel won: several slopes arrive there.
    overlap = alternatives.pool_gradient({**inputs, "dout": np.ones_like(inputs["dout"])})
    return compare(
        "dimg",
        answer.value("dimg"),
        want,
        rtol=rtol,
        alternatives=lambda: alternatives.pool_backward(inputs),
        hints={"missing": unassigned("dimg")},
        overlap=overlap,
    )


def pool_backward_cases():
    """List the published cases of max pooling's backward pass. No two pixels are equal in them."""
    rng = np.random.default_rng(23)
    return [
        _pool_backward_case(
            "15 images of 8x8, windows of 4, stride 2", _pool_inputs(rng, (15, 8, 8, 3), 4, 2)
        ),
        _pool_backward_case("windows side by side", _pool_inputs(rng, (2, 6, 6, 2), 2, 2)),
        _pool_backward_case(
            "overlapping, 7 rows, 10 columns, a remainder", _pool_inputs(rng, (2, 7, 10, 2), 3, 2)
        ),
    ]


def test_cnn_inputs():
    """Return the published inputs of the small test network."""
    return {
        "seed": np.array(1234),
        "conv_w": np.linspace(-0.7, 0.3, num=81).reshape(3, 3, 3, 3),
        "conv_b": np.linspace(-0.6, 0.2, num=3),
        "fc_w": np.linspace(-0.2, 0.2, num=135).reshape(27, 5),
        "fc_b": np.linspace(-0.9, 0.1, num=5),
        "feats": np.linspace(-5.5, 4.5, num=768).reshape(4, 8, 8, 3),
        "y": np.array([0, 2, 1, 4]),
    }


def test_cnn_wanted(case):
    """Compute what the test network gives, with numeric gradients."""

    def scores():
        images = max_pool2d_forward(
            conv2d_forward(case["feats"], case["conv_w"], case["conv_b"])[0], (2, 2), stride=2
        )[0]
        return dense_forward(images.reshape(len(images), -1), case["fc_w"], case["fc_b"])[0]

    def loss(_=None):
        return softmax_cross_entropy_forward(scores(), case["y"])[0]

    wanted = {"scores": scores(), "loss": np.asarray(loss())}
    for name in ("conv_w", "conv_b", "fc_w", "fc_b"):
        wanted[f"d{name}"] = eval_numerical_gradient(loss, case[name], verbose=False)
    return wanted


def test_cnn_cases():
    """List the one published case of the small test network."""
    inputs = test_cnn_inputs()

    def look(answer):
        parts = look_at_network(
            answer, test_cnn_wanted(inputs) | {"scores": SCORES_TABLE, "loss": TEST_CNN_LOSS}
        )
        for name, problems in parts.items():
            if problems:
                passed = [part for part in parts if not parts[part]]
                return [*problems, *([f"(right so far: {', '.join(passed)})"] if passed else [])], name
        difference = float(np.abs(answer.value("scores") - SCORES_TABLE).sum())
        loss = float(answer.value("loss"))
        return [], f"scores within {difference:.1e} (< {SCORES_TOLERANCE:g}), loss {loss!r}, gradients right"

    return [Case("convolution, max pooling, flatten, fc", inputs, look)]


CHECKS = {
    "output_size": Check("lib.check.cnn.probes:output_size", output_size_cases, WITHHELD),
    "conv_forward": Check("lib.check.cnn.probes:conv_forward", conv_forward_cases, WITHHELD),
    "conv_backward": Check("lib.check.cnn.probes:conv_backward", conv_backward_cases, WITHHELD),
    "pool_forward": Check("lib.check.cnn.probes:pool_forward", pool_forward_cases, WITHHELD),
    "pool_backward": Check("lib.check.cnn.probes:pool_backward", pool_backward_cases, WITHHELD),
    "test_cnn": Check("lib.check.cnn.probes:test_cnn", test_cnn_cases),
}

#: What lives in the notebook and is checked where it is.
OBJECT_CHECKS = {"training": objects.training, "filters": objects.filters}
