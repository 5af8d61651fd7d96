"""How the exercises of cnn_intro_mnist are judged. Nothing here needs PyTorch; the probes do."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from exercises import Exercise, Verdict
from exercises.criteria import by_case, share
from exercises.training import training_exercise
from lib.check.intro import checks, looks, networks, objects
from lib.check.job import CaseAnswer

#: (image, kernel, stride, padding)
CORRELATE_SHAPES = [
    ((6, 6), (3, 3), 1, 0),
    ((5, 9), (2, 3), 1, 0),
    ((7, 6), (3, 3), 1, 1),
    ((8, 7), (3, 2), 2, 0),
    ((6, 9), (4, 4), 2, 1),
    ((9, 10), (5, 5), 3, 2),
    ((4, 5), (1, 1), 1, 0),
]
#: (image, size, stride)
POOL_SHAPES = [
    ((6, 6), 2, 2),
    ((7, 9), 3, 2),
    ((5, 7), 2, 2),
    ((8, 10), 2, 3),
    ((5, 6), 2, 1),
    ((4, 4), 4, 4),
]
#: (filters, kernel, padding)
CONV_NETS = [(16, 5, 0), (5, 5, 2), (4, 9, 4), (6, 3, 0)]
#: (channels, kernel, stride)
DEEP_NETS = [((4,), 5, 1), ((3, 5), 5, 1), ((3, 5), 5, 2), ((4, 3, 2), 3, 1), ((4, 3, 2), 3, 2)]
#: (filters, kernel, dropout)
REGULARIZED_NETS = [(16, 9, 0.5), (8, 5, 0.3)]
#: (kernel, rows, columns)
MOSAICS = [((9, 9), 4, 4), ((5, 5), 6, 6), ((3, 4), 2, 5), ((5, 3), 4, 1)]
#: (filters, kernel, image, stride, padding)
RESPONSES = [
    (16, (5, 5), (28, 28), 1, 0),
    (6, (9, 9), (28, 28), 1, 4),
    (4, (3, 5), (12, 15), 1, 1),
    (3, (4, 4), (13, 10), 2, 1),
]


def _cases(make, settings):
    """Return a function that draws a case for each of some settings."""
    return lambda rng: [make(rng, *some) for some in settings]


def loop_cases(rng):
    """Draw batches for a training step, and images for an accuracy."""
    return [
        checks.step_inputs(rng),
        checks.step_inputs(rng, steps=4, count=5, side=5, classes=7),
        checks.accuracy_inputs(rng, 30, 30),
        checks.accuracy_inputs(rng, 27, 10),
        checks.accuracy_inputs(rng, 41, 8),
    ]


def describe(inputs):
    """Say what a case is made of."""
    numbers = {key: value.tolist() for key, value in inputs.items() if value.ndim == 0}
    shapes = {key: value.shape for key, value in inputs.items() if key in ("image", "kernel", "weight")}
    for key in ("settings", "channels"):
        if key in inputs:
            numbers[key] = inputs[key].tolist()
    return ", ".join(f"{key} {value}" for key, value in {**shapes, **numbers}.items())


def describe_loop(inputs):
    """Say which of the two functions a case asks for."""
    return "train_step" if "lr" in inputs else f"accuracy, batch_size {int(inputs['batch_size'])}"


def _judge_by_case(criteria, problems, describe=describe):
    """Return a judge that looks at each case by some criteria."""

    def look(answer, _right, inputs):
        found = problems(answer, inputs)
        return found if isinstance(found, dict) else {criteria[0]: found}

    def judge(got, reference, context):
        return by_case(got, reference, context, criteria, look, describe)

    return judge


def _judge_network(criteria, problems):
    """Return a judge of networks: what one says of itself counts only beside numbers that it computed."""
    return _judge_by_case(criteria, lambda answer, inputs: networks.backed(problems(answer, inputs)))


def judge_loop(got, reference, context):
    """Judge train_step and accuracy: the criteria of each, over its cases."""
    outcomes = []
    for criteria, kind in ((("mode", "weights", "loss"), True), (("mode", "fraction"), False)):
        chosen = [i for i, inputs in enumerate(context.cases) if ("lr" in inputs) is kind]
        part = replace(context, cases=[context.cases[i] for i in chosen])
        judge = _judge_by_case(criteria, looks.loop_problems, describe_loop)
        outcomes.append(judge([got[i] for i in chosen], [reference[i] for i in chosen], part))
    # the step is worth two thirds: there is more in it
    fraction = (2 * outcomes[0].fraction + outcomes[1].fraction) / 3
    named = zip(("train_step", "accuracy"), outcomes, strict=True)
    return Verdict(fraction, "; ".join(f"{name}: {verdict.reason}" for name, verdict in named))


def _plain(answer: CaseAnswer, name):
    """Return a value of the notebook: an array, a text, or None."""
    value = answer.arrays.get(name)
    if value is not None and value.dtype == np.uint8 and value.ndim == 1:
        return answer.text(name)
    return value


def judge_by_hand(got, _reference, _context):
    """Judge the features one by one, and the pooled number by the features it was taken from."""
    convolved, pooled = _plain(got[0], "convolved"), _plain(got[0], "pooled")
    if convolved is None and pooled is None:
        return Verdict(0.0, "not written yet: convolved and pooled are None.")
    problems = objects.convolved_problems(convolved)
    features = (
        np.zeros((2, 2), bool) if not isinstance(convolved, np.ndarray) else objects.right_features(convolved)
    )
    said = problems or ["wrong"]
    outcomes = [(f"feature {place}", [] if right else said) for place, right in np.ndenumerate(features)]
    # the pooled number counts as much as two features
    pooled_said = objects.pooled_problems(pooled, convolved)
    return share([*outcomes, ("pooled", pooled_said), ("pooled", pooled_said)])


def judge_sizes(got, _reference, _context):
    """Judge five output sizes, a fifth of the points each."""
    return share((name, objects.size_problems(name, _plain(got[0], name))) for name in objects.SIZES)


def _training():
    """Return the exercise of training. Without PyTorch nothing is judged: a student must not pay for that."""
    exercise = training_exercise("mnist", probe="lib.check.intro.probes:training")

    def judge(got, reference, context):
        assert exercise.judge is not None
        if got[0].error is not None and find_spec("torch") is None:
            msg = "cnn_intro_mnist needs PyTorch to be graded: pip install torch==2.13.0"
            raise RuntimeError(msg)
        return exercise.judge(got, reference, context)

    return replace(exercise, judge=judge)


QUESTIONS_2 = """\
**Rubric, 8 points.** The answer below, read next to the table and figure of section 8.

| points | criterion |
|---:|---|
| 2 | Compares feed-forward and convolutional network with numbers from the runs, mean and spread of the seeds. |
| 2 | Padding: says what it does to the size, and that its effect on accuracy is within the spread here. |
| 2 | Stacking: names the gain and a reason (larger field of view, parts made of parts, fewer weights). |
| 2 | Pooling and stride: halves each direction; compares the two by accuracy, and says what was gained or lost. |
"""

QUESTIONS_3 = """\
**Rubric, 6 points.** The answer below, read next to the filters of sections 9 and 10.

| points | criterion |
|---:|---|
| 2 | Describes how the filters changed with ten times the images, pointing at filters in the figures. |
| 2 | Dropout: what it does in training and in evaluation, and what it did to accuracy or filters here. |
| 2 | Batch norm: what it does in training and in evaluation, and what net.train() and net.eval() switch. |
"""

PROBES = "lib.check.intro.probes"
EXERCISES = {
    exercise.name: exercise
    for exercise in (
        Exercise("by_hand", source="notebook", judge=judge_by_hand),
        Exercise("output_sizes", source="notebook", judge=judge_sizes),
        Exercise(
            "correlate",
            probe=f"{PROBES}:correlate",
            cases=_cases(checks.correlate_inputs, CORRELATE_SHAPES),
            judge=_judge_by_case(("out",), looks.correlate_problems),
            withhold=checks.WITHHELD,
        ),
        Exercise(
            "max_pool",
            probe=f"{PROBES}:max_pool",
            cases=_cases(checks.pool_inputs, POOL_SHAPES),
            judge=_judge_by_case(("out",), looks.max_pool_problems),
            withhold=checks.WITHHELD,
        ),
        Exercise(
            "training_loop",
            probe=f"{PROBES}:training_loop",
            cases=loop_cases,
            judge=judge_loop,
            withhold=checks.ANSWERS,
        ),
        Exercise(
            "conv_net",
            probe=f"{PROBES}:conv_net",
            cases=_cases(checks.conv_net_inputs, CONV_NETS),
            judge=_judge_network(("layers", "scores", "scores"), networks.conv_net_problems),
            withhold=checks.ANSWERS,
        ),
        Exercise(
            "deep_net",
            probe=f"{PROBES}:deep_net",
            cases=_cases(checks.deep_net_inputs, DEEP_NETS),
            judge=_judge_network(("layers", "features", "scores"), networks.deep_net_problems),
            withhold=checks.ANSWERS,
        ),
        Exercise("questions_2", source="manual", rubric=QUESTIONS_2),
        Exercise(
            "mosaic",
            probe=f"{PROBES}:filter_mosaic",
            cases=_cases(checks.mosaic_inputs, MOSAICS),
            judge=_judge_by_case(("out",), looks.mosaic_problems),
            withhold=checks.ANSWERS,
        ),
        Exercise(
            "responses",
            probe=f"{PROBES}:filter_responses",
            cases=_cases(checks.responses_inputs, RESPONSES),
            judge=_judge_by_case(("out",), looks.responses_problems),
            withhold=checks.ANSWERS,
        ),
        Exercise(
            "regularized_net",
            probe=f"{PROBES}:regularized_net",
            cases=_cases(checks.regularized_inputs, REGULARIZED_NETS),
            judge=_judge_network(networks.REGULARIZED, networks.regularized_problems),
            withhold=checks.ANSWERS,
        ),
        _training(),
        Exercise("questions_3", source="manual", rubric=QUESTIONS_3),
    )
}
