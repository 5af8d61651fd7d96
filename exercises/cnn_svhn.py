"""How the exercises of cnn_svhn are judged.

Cases sweep what students get wrong: padding 0 and more, images that are not square, pixels left over, windows
that overlap, 1x1 kernels, one channel, one image. A case is made of criteria (the array of a forward pass,
each gradient of a backward pass); the share of criteria that are met is the share of the points.
"""

from __future__ import annotations

import numpy as np

from exercises import Context, Exercise, Verdict
from lib.check import alternatives_cnn as alternatives
from lib.check.checks_cnn import WITHHELD, conv_backward_problems, pool_backward_problems, size_problems
from lib.check.checks_cnn import test_cnn_inputs as published_network
from lib.check.diagnose import compare
from lib.check.filter_grid import match_filters
from lib.check.fresh import describe_error
from lib.check.network import layers_of, limit_problem, look_at_network

#: Right mathematics in single precision is right.
TOLERANCE = 1e-5
#: Held-back images: enough for a standard error of about 0.5 % (real) and 0.8 % (sample).
NUM_REAL, NUM_SAMPLE = 5000, 2000
#: Fewer scored images than this say too little.
NUM_ENOUGH = 500
#: Seconds for scoring the held-back images, and what is left for starting and loading.
SCORING_SECONDS, STARTING_SECONDS = 300.0, 120.0

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


def _share(outcomes):
    """Turn (criterion, problems) pairs into a verdict: the share that is met, and the first reasons."""
    wrong = [(label, problems) for label, problems in outcomes if problems]
    fraction = 1 - len(wrong) / len(outcomes)
    if not wrong:
        return Verdict(1.0, f"all {len(outcomes)} criteria met")
    label, problems = wrong[0]
    reason = (
        f"{len(outcomes) - len(wrong)} of {len(outcomes)} criteria met. {label}: {' '.join(problems[:2])}"
    )
    return Verdict(fraction, reason)


def _by_case(got, reference, context, criteria, look):
    """Judge case by case; ``look(answer, right, inputs)`` returns the problems of each criterion."""
    outcomes = []
    for number, (answer, right, inputs) in enumerate(zip(got, reference, context.cases, strict=True)):
        where = f"case {number + 1} ({_shape_text(inputs)})"
        if answer.error is not None:
            found = {name: [describe_error(answer.error)] for name in criteria}
        else:
            found = look(answer, right, inputs)
        outcomes += [(where, found[name]) for name in criteria]
    if all(answer.error is not None for answer in got):
        return Verdict(0.0, describe_error(got[0].error))
    return _share(outcomes)


def _shape_text(inputs):
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
                answer.value("size", lists=True), want, [int(n) for n in inputs["settings"]]
            )
        }

    return _by_case(got, reference, context, ["size"], look)


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

        return _by_case(got, reference, context, ["out"], look)

    return judge


def judge_conv_backward(got, reference, context: Context):
    """Judge the three gradients of a convolution, each by itself."""

    def look(answer, right, inputs):
        return conv_backward_problems(answer, right.arrays, inputs, TOLERANCE)

    return _by_case(got, reference, context, ["dimg", "dw", "db"], look)


def judge_pool_backward(got, reference, context: Context):
    """Judge the gradient of max pooling."""

    def look(answer, right, inputs):
        return {"dimg": pool_backward_problems(answer, right.arrays["dimg"], inputs, TOLERANCE)}

    return _by_case(got, reference, context, ["dimg"], look)


def judge_network(got, reference, context: Context):
    """Judge the small test network part by part: layers, first weights, scores, loss, gradients."""
    if got[0].error is not None:
        return Verdict(0.0, describe_error(got[0].error))
    parts = look_at_network(got[0], reference[0].arrays)
    return _share(list(parts.items()))


def held_back_images(rng, data_folder, sample):
    """Return images and labels that no student has trained on.

    On real data they are drawn from the test split; on the sample they are new drawings from the secret seed.
    """
    from lib.datasets import SVHN, render_digits

    if sample:
        return render_digits(NUM_SAMPLE, rng)
    _, _, images, labels = SVHN(data_folder)
    chosen = rng.choice(len(images), size=min(NUM_REAL, len(images)), replace=False)
    return images[chosen], labels[chosen]


def training_settings(_rng):
    """Say how the images are to be scored; the images themselves come from ``held_back_images``."""
    return [{"batch": np.array(100), "seconds": np.array(SCORING_SECONDS)}]


def judge_training(got, reference, context: Context):
    """Judge a trained model by its accuracy on held-back images, linear between floor and target."""
    answer, labels = got[0], context.labels
    if answer.error is not None:
        return Verdict(0.0, describe_error(answer.error))
    layers = layers_of(answer)
    refused = limit_problem(layers) if layers else "the network has no layers."
    if refused:
        return Verdict(0.0, refused)
    scores = answer.value("scores")
    if (
        not isinstance(scores, np.ndarray)
        or scores.ndim != 2
        or scores.shape[1] != 10
        or len(scores) > len(labels)
    ):
        return Verdict(
            0.0, f"the scores have shape {getattr(scores, 'shape', None)}, wanted ({len(labels)}, 10)."
        )
    if len(scores) < min(NUM_ENOUGH, len(labels)):
        said = f"the network scored {len(scores)} images in {SCORING_SECONDS:g} s"
        return Verdict(0.0, f"{said}, at least {NUM_ENOUGH} are needed: build it of the fast layers.")
    if not np.isfinite(scores).all():
        return Verdict(
            0.0, "the scores are not finite: the weights in model.npz are no result of a training."
        )
    accuracy = float((scores.argmax(axis=1) == labels[: len(scores)]).mean())
    floor, target = context.settings["floor"], context.settings["target"]
    fraction = float(np.clip((accuracy - floor) / (target - floor), 0, 1))
    data = "drawn SAMPLE images" if context.sample else "SVHN test images"
    said = f"accuracy {accuracy:.1%} on {len(scores)} held-back {data}"
    return Verdict(fraction, f"{said}; points from {floor:.0%}, all at {target:.0%}")


def judge_filters(got, reference, context: Context):
    """Judge the pictures of the first convolution's filters against the weights in the model handed in."""
    if context.weights is None:
        return Verdict(0.0, "model.npz holds no convolution, so there are no filters to compare with.")
    values = got[0].arrays
    if "im_array" not in values:
        return Verdict(0.0, "im_array is missing: the notebook, run from the top, did not make it.")
    grid = {
        key: values[key].item() if key in values and values[key].size == 1 else None
        for key in ("nrows", "ncols")
    }
    match = match_filters(values["im_array"], context.weights, **grid)
    filters = context.weights.shape[-1]
    return Verdict(
        match.fraction,
        " ".join(match.problems) or f"all {filters} filters of the first convolution are shown",
    )


FILTERS_LOOK = """\
**Rubric, 2 points.** The figure under this cell.

| points | criterion |
|---:|---|
| 0.5 | Every filter of the first convolution is shown, one picture each, none twice. |
| 0.5 | The pictures stand in a grid with gaps, in the same size; nothing is cut off. |
| 0.5 | Brightness is scaled so that structure is seen, with one scale for all channels of a filter. |
| 0.5 | Pixels are not blurred by interpolation; a title says what is shown. |
"""

INLINE_QUESTION = """\
**Rubric, 5 points.** The answer below, read next to the filters of this student's own network.

| points | criterion |
|---:|---|
| 1.5 | Names two kinds of filters (edges, color contrasts, blobs, constant, noisy) and points to examples. |
| 1.5 | Says what such a filter responds to, and why: a weight pattern matches the image patch it resembles. |
| 1 | Links them to task or training: digits are strokes; noise comes from few epochs or spare filters. |
| 1 | Is about the filters shown, not networks in general; nothing contradicts the figure. |
"""

EXERCISES = {
    exercise.name: exercise
    for exercise in (
        Exercise(
            "output_size",
            probe="lib.check.probes_cnn:output_size",
            cases=size_cases,
            judge=judge_size,
            withhold=WITHHELD,
        ),
        Exercise(
            "conv_forward",
            probe="lib.check.probes_cnn:conv_forward",
            cases=conv_cases,
            judge=judge_forward(alternatives.conv_forward),
            withhold=WITHHELD,
        ),
        Exercise(
            "conv_backward",
            probe="lib.check.probes_cnn:conv_backward",
            cases=conv_backward_cases,
            judge=judge_conv_backward,
            withhold=WITHHELD,
        ),
        Exercise(
            "pool_forward",
            probe="lib.check.probes_cnn:pool_forward",
            cases=pool_cases,
            judge=judge_forward(alternatives.pool_forward),
            withhold=WITHHELD,
        ),
        Exercise(
            "pool_backward",
            probe="lib.check.probes_cnn:pool_backward",
            cases=pool_backward_cases,
            judge=judge_pool_backward,
            withhold=WITHHELD,
        ),
        Exercise("test_cnn", probe="lib.check.probes_cnn:test_cnn", cases=network_cases, judge=judge_network),
        Exercise(
            "training",
            source="model",
            probe="lib.check.probes_cnn:training",
            cases=training_settings,
            judge=judge_training,
            held_back=held_back_images,
            timeout=SCORING_SECONDS + STARTING_SECONDS,
        ),
        Exercise("filters", source="notebook", judge=judge_filters),
        Exercise("filters_look", source="manual", rubric=FILTERS_LOOK),
        Exercise("inline_question", source="manual", rubric=INLINE_QUESTION),
    )
}
