"""How layers, loss, networks, update rules, penalties and the training loop are judged.

A case is made of criteria (each gradient of a backward pass, parameters and state of an update rule, each block
of the training loop); the share of criteria that are met is the share of the points.
"""

from __future__ import annotations

from exercises import Context, Exercise, Verdict
from exercises.criteria import TOLERANCE, by_case, share
from lib.check.fresh import describe_error
from lib.check.mlp import alternatives, cases, networks, problems
from lib.check.mlp.checks import CHECKS
from lib.check.mlp.published import GELU_SLOPE_TOLERANCE
from lib.check.mlp.train_loop import draw_best_case, draw_case, train_problems

SAMPLES = [(3, 4, 2), (1, 5), (6, 2, 2, 2), (4, 1), (5, 7), (8, 6)]
OUTPUTS = [5, 3, 8, 2, 7, 1]
#: Keep probabilities of training passes; 0 and 1 mean no dropout. A layer that does nothing gets these two right.
KEEP_PROBS = (0.3, 0.6, 0.85, 0.15, 0.5, 0, 1)


def fc_cases(rng):
    """Draw samples of several shapes; two cases have as many outputs as features."""
    return [cases.fc(rng, shape, outputs) for shape, outputs in zip(SAMPLES, OUTPUTS, strict=True)]


def fc_backward_cases(rng):
    """Draw samples, parameters and slopes."""
    return [cases.fc_backward(rng, shape, outputs) for shape, outputs in zip(SAMPLES, OUTPUTS, strict=True)]


def leaky_cases(rng):
    """Draw entries, slopes of the outputs, and negative slopes from 0 to 1."""
    shapes = [(3, 4), (2, 3, 3, 2), (5,), (4, 4), (6, 1)]
    return [
        cases.pointwise(rng, shape, slope)
        for shape, slope in zip(shapes, (0.01, 0.3, 0.05, 0.9, 0.0), strict=True)
    ]


def gelu_cases(rng):
    """Draw entries of several sizes, and slopes of the outputs."""
    found = [cases.pointwise(rng, shape) for shape in [(3, 4), (2, 3, 3, 2), (5,), (6, 6)]]
    for case, size in zip(found, (1, 3, 0.1, 5), strict=True):
        case["x"] *= size
    return found


def dropout_cases(rng):
    """Draw entries and slopes, for several keep_prob, while training and at test time."""
    found = [cases.dropout(rng, (60, 50), keep_prob, True) for keep_prob in KEEP_PROBS]
    tested = cases.dropout(rng, (60, 50), 0.4, False, before=True)
    return [*found, tested, cases.dropout(rng, (20, 5, 5, 4), 0.7, True)]


def score_cases(rng):
    """Draw scores from tiny to large, with mean and with sum."""
    return [
        cases.scores(rng, count, classes, spread, offset, mean)
        for count, classes, spread, offset, mean in [
            (50, 5, 0.01, 0, True),
            (6, 10, 2, 0, True),
            (1, 3, 1, 0, True),
            (4, 4, 3, 800, True),
            (4, 3, 3, -900, True),
            (7, 4, 2, 0, False),
        ]
    ]


def cascade_cases(rng):
    """Draw inputs of both cascades."""
    return [cases.cascade(rng, which) for which in (0, 1)]


def dropout_net_cases(rng):
    """Draw inputs of the network with dropout."""
    return [cases.dropout_net(rng, keep_prob) for keep_prob in (0, 0.3, 0.7)]


def _rule_cases(name):
    def draw(rng):
        decays = (0.0, 0.02, 0.3) if name in ("sgd", "adam") else (0.0, 0.0)
        return [
            cases.rule(rng, name, steps, weight_decay=decay)
            for steps, decay in zip((1, 5, 3), decays, strict=False)
        ]

    return draw


def _penalty_cases(kind):
    def draw(rng):
        return [cases.penalty(rng, kind, lam) for lam in (0.3, 0.01, 0.05)]

    return draw


def train_cases(rng):
    """Draw trainings: with and without penalty, with a remainder, and some with the best epoch in the middle."""
    return [
        draw_case(rng),
        draw_case(rng, count=23, batch=7, epochs=3, lr=0.2),
        draw_case(rng, penalty=2, lam=0.03),
        draw_case(rng, penalty=1, lam=0.02, batch=12),
        draw_best_case(rng),
        draw_best_case(rng),
    ]


def describe(inputs):
    """Say what a case is made of."""
    said = []
    if "x" in inputs:
        said.append(f"input {inputs['x'].shape}")
    if "which" in inputs:
        said.append(("TestFCReLU", "TestFCGeLU")[int(inputs["which"])])
    for key in ("slope", "keep_prob", "lam", "lr", "weight_decay", "batch", "epochs", "penalty"):
        if key in inputs:
            said.append(f"{key} {float(inputs[key]):g}")
    if "training" in inputs and not inputs["training"]:
        said.append("at test time")
    if "size_average" in inputs and not inputs["size_average"]:
        said.append("size_average False")
    return ", ".join(said)


def _judge(criteria, look):
    """Make a judge of ``look(answer, inputs) -> {criterion: problems}``."""

    def judge(got, reference, context: Context):
        return by_case(
            got, reference, context, criteria, lambda answer, _, inputs: look(answer, inputs), describe
        )

    return judge


def _with_inputs(found, answer):
    """Add the criterion that no input was changed in place; where nothing else is right, it is not met either."""
    changed = " and ".join(answer.mutated)
    said = [f"the input {changed} was changed in place."] if changed else []
    if all(found.values()):
        said = said or ["nothing else is right."]
    return {**found, "inputs": said}


def _judge_layer(criteria, look):
    """Make a judge of a layer, which leaves its inputs as they are."""
    return _judge([*criteria, "inputs"], lambda answer, inputs: _with_inputs(look(answer, inputs), answer))


def _judge_arrays(names, wrong, rtol=TOLERANCE):
    """Make a judge of a layer that compares arrays with the reference's, each by itself."""

    def judge(got, reference, context: Context):
        def look(answer, right, inputs):
            want = {name: right.arrays[name] for name in names}
            found = problems.array_problems(answer, want, lambda: wrong(inputs), rtol)
            return _with_inputs(found, answer)

        return by_case(got, reference, context, [*names, "inputs"], look, describe)

    return judge


def _judge_look(look, criteria):
    return _judge_layer(criteria, lambda answer, inputs: look(answer, inputs, TOLERANCE))


def judge_train_net(got, reference, context: Context):
    """Judge the three blocks of the training loop: each must do in every training what it is for."""
    outcomes: dict[str, list[str]] = {"step": [], "accuracies": [], "best": []}
    for answer, inputs in zip(got, context.cases, strict=True):
        if answer.error is not None:
            return Verdict(0.0, describe_error(answer.error))
        found = train_problems(answer, inputs)
        for name, said in outcomes.items():
            if found[name] and not said:
                said += [f"({describe(inputs)})", *found[name]]
    return share(outcomes.items())


def judge_small_net(got, reference, context: Context):
    """Judge the small network part by part: layers, first weights, scores, loss, gradients."""
    if got[0].error is not None:
        return Verdict(0.0, describe_error(got[0].error))
    case = context.cases[0]
    return share(list(networks.small_net_problems(got[0], case, networks.small_net_wanted(case)).items()))


def _exercise(name, draw, judge):
    check = CHECKS[name]
    return Exercise(name, probe=check.probe, cases=draw, judge=judge, withhold=check.withhold)


def _rule(name):
    criteria = ["params", "state"] if problems.KEPT[name] else ["params"]
    look = _judge(criteria, lambda answer, inputs: problems.optimizer_problems(answer, inputs, TOLERANCE))
    return _exercise(name, _rule_cases(name), look)


def _penalty(name, kind):
    def look(answer, inputs):
        found = problems.regularization_problems(answer, inputs, TOLERANCE)
        broken = found.pop("params")
        return {criterion: broken or said for criterion, said in found.items()}

    return _exercise(name, _penalty_cases(kind), _judge(["weights", "biases"], look))


def layer_exercises() -> list[Exercise]:
    """List the exercises on layers, losses and networks in the order of the notebook."""
    return [
        _exercise("fc_forward", fc_cases, _judge_arrays(["flat", "out"], alternatives.fc_forward)),
        _exercise(
            "fc_backward",
            fc_backward_cases,
            _judge_arrays(["dfeat", "dw", "db", "dimg"], alternatives.fc_backward),
        ),
        _exercise("leaky_relu_forward", leaky_cases, _judge_arrays(["out"], alternatives.leaky_relu_forward)),
        _exercise(
            "leaky_relu_backward", leaky_cases, _judge_arrays(["dfeat"], alternatives.leaky_relu_backward)
        ),
        _exercise("gelu_forward", gelu_cases, _judge_arrays(["out"], alternatives.gelu_forward)),
        _exercise(
            "gelu_backward",
            gelu_cases,
            _judge_arrays(["dfeat"], alternatives.gelu_backward, GELU_SLOPE_TOLERANCE),
        ),
        _exercise(
            "dropout_forward",
            dropout_cases,
            _judge_look(problems.dropout_forward_problems, ["out", "seed"]),
        ),
        _exercise(
            "dropout_backward", dropout_cases, _judge_look(problems.dropout_backward_problems, ["dfeat"])
        ),
        _exercise(
            "cascaded_nets",
            cascade_cases,
            _judge(["layers", "output", "gradients"], networks.cascade_problems),
        ),
        _exercise(
            "cross_entropy_forward",
            score_cases,
            _judge_look(problems.cross_entropy_forward_problems, ["softmax", "loss", "logit"]),
        ),
        _exercise(
            "cross_entropy_backward",
            score_cases,
            _judge_arrays(["dscores"], alternatives.cross_entropy_backward),
        ),
        _exercise("small_net", lambda rng: [cases.small_net(rng)], judge_small_net),
        _exercise(
            "dropout_net", dropout_net_cases, _judge(["mask", "numbers"], networks.dropout_net_problems)
        ),
    ]


def training_exercises() -> list[Exercise]:
    """List the exercises on update rules, penalties and the training loop."""
    return [
        _rule("sgd"),
        _exercise("train_net", train_cases, judge_train_net),
        _rule("sgdm"),
        _rule("rmsprop"),
        _rule("adam"),
        _penalty("l1", 1),
        _penalty("l2", 2),
    ]
