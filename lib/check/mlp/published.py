"""The published cases of layers and losses: inputs, and what comes out of them."""

from __future__ import annotations

import numpy as np

from lib.check.mlp import alternatives, cases, formulas, problems
from lib.check.run import Case
from lib.grad_check import eval_numerical_gradient_array

#: Allowed difference from an expectation that is computed here in double precision.
EXACT = 1e-9
#: Of GELU: a constant such as 0.7979 instead of sqrt(2/pi) is as far away; its slope may be rougher still.
GELU_TOLERANCE, GELU_SLOPE_TOLERANCE = 5e-8, 1e-4
#: A loss may hold a guard such as log(p + 1e-8).
LOSS_TOLERANCE = 1e-7
#: The published tables have eight digits.
TABLE_TOLERANCE = 1e-7

FC_TABLE = np.array(
    [
        [0.63910291, 0.83740057, 1.03569824, 1.23399591],
        [0.61401587, 0.82903823, 1.04406058, 1.25908294],
        [0.58892884, 0.82067589, 1.05242293, 1.28416997],
    ]
)
#: First and last entry of what comes out of the published cases.
GELU_ENDS = (-0.10042842, 1.39957158)
MEASURED = (
    "Wanted is the measured slope: how much sum(dprev * forward(feat)) changes when one number is nudged. "
    "lib.grad_check.eval_numerical_gradient_array measures it for your own examples."
)


def all_of(found):
    """Put the sentences of all criteria into one list."""
    return [said for sentences in found.values() for said in sentences]


def _error(got, want):
    """Return the largest difference, relative to the largest entry: tiny entries would make it look large."""
    return np.abs(got - want).max() / np.abs(want).max()


def array_case(title, inputs, right, wrong, rtol, *, ends=None, note=""):
    """Make a case of arrays; ``right(inputs)`` computes what is wanted, ``ends`` are published numbers."""

    def look(answer):
        want = right(inputs)
        found = all_of(problems.array_problems(answer, want, lambda: wrong(inputs), rtol))
        if found:
            return [*found, note] if note else found, ""
        errors = ", ".join(f"{name} {_error(answer.value(name), value):.0e}" for name, value in want.items())
        for name, (first, last) in (ends or {}).items():
            got = answer.value(name).ravel()[[0, -1]]
            if not np.allclose(got, (first, last), rtol=TABLE_TOLERANCE, atol=TABLE_TOLERANCE):
                return [f"{name} begins and ends with {got}, the table with {first} and {last}."], ""
        return [], f"error of {errors}"

    return Case(title, inputs, look)


def look_case(title, inputs, look, note=""):
    """Make a case of a function ``look(answer, inputs) -> {criterion: sentences}``."""
    return Case(title, inputs, lambda answer: (all_of(look(answer, inputs)), note))


def _measure(forward, inputs, names):
    """Measure the slopes of sum(dout * forward(inputs)) for arrays of a case."""
    moved = {name: np.array(inputs[name], dtype=np.float64) for name in names}
    nudged = inputs | moved
    return [
        eval_numerical_gradient_array(lambda _: forward(nudged), moved[name], inputs["dout"])
        for name in names
    ]


# fully connected


def fc_wanted(case):
    """Compute the output of flatten and of fc."""
    return {
        "flat": case["x"].reshape(len(case["x"]), -1),
        "out": formulas.dense(case["x"], case["w"], case["b"]),
    }


def fc_forward_cases():
    """List the published cases of the forward pass of flatten and fc."""
    by_hand = {
        "x": np.array([[[1.0, 2.0], [3.0, 4.0]]]),
        "w": np.array([[1.0, 0.0], [0.0, 10.0], [100.0, 0.0], [0.0, 1000.0]]),
        "b": np.array([0.5, -0.5]),
    }
    table = {
        "x": np.linspace(-0.1, 0.4, num=3 * 168).reshape(3, 7, 6, 4),
        "w": np.linspace(-0.2, 0.2, num=168 * 4).reshape(168, 4),
        "b": np.linspace(-0.3, 0.3, num=4),
    }
    wrong, rng = alternatives.fc_forward, np.random.default_rng(30)
    ends = {"out": (FC_TABLE[0, 0], FC_TABLE[-1, -1])}
    return [
        # 1 + 300 + 0.5 and 20 + 4000 - 0.5
        array_case(
            "one 2x2 sample by hand",
            by_hand,
            lambda _: {"flat": np.array([[1.0, 2, 3, 4]]), "out": np.array([[301.5, 4019.5]])},
            wrong,
            EXACT,
        ),
        array_case("3 samples of 7x6x4 numbers", table, fc_wanted, wrong, EXACT, ends=ends),
        array_case(
            "5 samples, as many outputs as features", cases.fc(rng, (5, 2, 3), 6), fc_wanted, wrong, EXACT
        ),
    ]


def fc_slopes(case):
    """Measure the gradients of fc; that of flatten is known."""
    rows = {**case, "x": case["x"].reshape(len(case["x"]), -1)}

    def forward(nudged):
        return formulas.dense(nudged["x"], nudged["w"], nudged["b"])

    dfeat, dw, db = _measure(forward, rows, ("x", "w", "b"))
    return {"dfeat": dfeat, "dw": dw, "db": db, "dimg": case["dflat"].reshape(case["x"].shape)}


def fc_backward_cases():
    """List the published cases of the backward pass of fc and flatten."""
    rng = np.random.default_rng(31)
    wrong = alternatives.fc_backward
    return [
        array_case(title, cases.fc_backward(rng, shape, outputs), fc_slopes, wrong, 1e-7, note=MEASURED)
        for title, shape, outputs in (
            ("15 samples of 2x2x3 numbers, 10 outputs, measured", (15, 2, 2, 3), 10),
            ("4 samples, as many outputs as features, measured", (4, 5), 5),
        )
    ]


# activations


def leaky_wanted(case):
    """Compute the output of the leaky ReLU."""
    return {"out": formulas.leaky(case["x"], float(case["slope"]))}


def leaky_relu_forward_cases():
    """List the published cases of the leaky ReLU's forward pass."""
    wrong, rng = alternatives.leaky_relu_forward, np.random.default_rng(32)
    by_hand = {"x": np.array([[-2.0, -0.5, 0.0, 3.0]]), "slope": np.array(0.1)}
    images = {"x": rng.standard_normal((2, 3, 3, 2)), "slope": np.array(0.01)}
    return [
        array_case(
            "slope 0.1 by hand",
            by_hand,
            lambda _: {"out": np.array([[-0.2, -0.05, 0.0, 3.0]])},
            wrong,
            EXACT,
        ),
        array_case("images, slope 0.01", images, leaky_wanted, wrong, EXACT),
    ]


def leaky_slopes(case):
    """Compute the gradient of the leaky ReLU."""
    slope = float(case["slope"])
    return {
        "dfeat": case["dout"] * formulas.central_slope(lambda x: formulas.leaky(x, slope), case["x"], 1e-7)
    }


def leaky_relu_backward_cases():
    """List the published cases of the leaky ReLU's backward pass; no entry is 0, where there is no slope."""
    rng = np.random.default_rng(33)
    return [
        array_case(title, cases.pointwise(rng, shape, slope), leaky_slopes, wrong, 1e-7, note=MEASURED)
        for wrong in (alternatives.leaky_relu_backward,)
        for title, shape, slope in (
            ("15x15 entries, slope 0.2, measured", (15, 15), 0.2),
            ("images, slope 0.01, measured", (2, 4, 3, 2), 0.01),
        )
    ]


def gelu_wanted(case):
    """Compute the output of GELU."""
    return {"out": formulas.gelu(case["x"])}


def gelu_forward_cases():
    """List the published cases of GELU's forward pass."""
    wrong = alternatives.gelu_forward
    table = {"x": np.linspace(-1.5, 1.5, num=12).reshape(3, 4)}
    wide = {"x": np.linspace(-9, 9, num=24).reshape(2, 3, 2, 2)}
    return [
        array_case(
            "12 numbers from -1.5 to 1.5", table, gelu_wanted, wrong, GELU_TOLERANCE, ends={"out": GELU_ENDS}
        ),
        array_case("images, entries up to 9", wide, gelu_wanted, wrong, GELU_TOLERANCE),
    ]


def gelu_slopes(case):
    """Measure the gradient of GELU."""
    return {"dfeat": case["dout"] * formulas.central_slope(formulas.gelu, case["x"])}


def gelu_backward_cases():
    """List the published cases of GELU's backward pass."""
    rng = np.random.default_rng(34)
    wrong, rtol = alternatives.gelu_backward, GELU_SLOPE_TOLERANCE
    return [
        array_case(
            "15x15 entries, measured", cases.pointwise(rng, (15, 15)), gelu_slopes, wrong, rtol, note=MEASURED
        ),
        array_case(
            "entries up to 9, measured",
            {"x": np.linspace(-9, 9, num=24).reshape(2, 3, 4), "dout": rng.standard_normal((2, 3, 4))},
            gelu_slopes,
            wrong,
            rtol,
            note=MEASURED,
        ),
    ]


# dropout


def dropout_forward_cases():
    """List the published cases of dropout's forward pass."""
    rng = np.random.default_rng(35)

    def look(answer, inputs):
        return problems.dropout_forward_problems(answer, inputs, EXACT)

    return [
        look_case(title, cases.dropout(rng, (100, 100), keep_prob, training), look)
        for title, keep_prob, training in (
            ("keep_prob 0.25", 0.25, True),
            ("keep_prob 0.75", 0.75, True),
            ("keep_prob 0: no dropout", 0, True),
            ("keep_prob 1: no dropout", 1, True),
            ("keep_prob 0.5 at test time", 0.5, False),
        )
    ]


def dropout_backward_cases():
    """List the published cases of dropout's backward pass."""
    rng = np.random.default_rng(36)

    def look(answer, inputs):
        return problems.dropout_backward_problems(answer, inputs, EXACT)

    return [
        look_case(title, cases.dropout(rng, (12, 9), keep_prob, training, before), look)
        for title, keep_prob, training, before in (
            ("keep_prob 0.75", 0.75, True, False),
            ("keep_prob 0.3", 0.3, True, False),
            ("keep_prob 0: no dropout", 0, True, False),
            ("test time, after a training pass", 0.5, False, True),
        )
    ]


# softmax and loss


def cross_entropy_forward_cases():
    """List the published cases of softmax and loss."""
    rng = np.random.default_rng(37)
    even = cases.scores(rng, 100, 6, 0.001)

    def look(answer, inputs):
        return problems.cross_entropy_forward_problems(answer, inputs, LOSS_TOLERANCE)

    return [
        look_case("100 samples, 6 classes, scores near 0", even, look, "the loss is about ln 6 = 1.792"),
        look_case("scores of all sizes", cases.scores(rng, 7, 4, 3.0), look),
        look_case("scores around 1000", cases.scores(rng, 5, 3, 2.0, 1000.0), look),
        look_case("size_average=False: a sum", cases.scores(rng, 5, 3, 2.0, mean=False), look),
    ]


def loss_slopes(case):
    """Compute the slopes of the loss."""
    return {"dscores": formulas.loss_gradient(case["x"], case["y"], bool(case["size_average"]))}


def cross_entropy_backward_cases():
    """List the published cases of the loss's backward pass."""
    rng = np.random.default_rng(38)
    wrong = alternatives.cross_entropy_backward
    return [
        array_case(
            "100 samples, 6 classes", cases.scores(rng, 100, 6, 0.001), loss_slopes, wrong, LOSS_TOLERANCE
        ),
        array_case("7 samples, 4 classes", cases.scores(rng, 7, 4, 2.0), loss_slopes, wrong, LOSS_TOLERANCE),
        array_case(
            "size_average=False", cases.scores(rng, 5, 3, 2.0, mean=False), loss_slopes, wrong, LOSS_TOLERANCE
        ),
    ]
