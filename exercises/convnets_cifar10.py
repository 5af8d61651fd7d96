"""How the exercises of convnets_cifar10 are judged."""

from __future__ import annotations

from exercises import Exercise
from exercises.convnet_layers import image_filters_exercise, layer_exercise, net_exercise, trained_exercise

QUESTION_SIZE = """\
**Rubric, 3 points.**

| points | criterion |
|---:|---|
| 1.5 | Names one choice that works, with stride, pool height and pool width (for instance 4, 4, 4), and why it gives W/4 and H/4. |
| 0.5 | Sees that planes are pooled one by one, so their number stays. |
| 1 | Names a second choice, or the condition: smaller windows with stride 4, larger ones with padding, or two poolings of 2. |
"""

QUESTION_NONLINEAR = """\
**Rubric, 3 points.**

| points | criterion |
|---:|---|
| 1 | Max pooling is nonlinear, with a reason: the maximum of a sum is not the sum of the maxima, or a counterexample. |
| 1.5 | What ReLU adds: it acts on each value and cuts off what is negative, while pooling only compares neighbors and passes negative values on. |
| 0.5 | Nothing said is wrong; the order of the two may be discussed (it does not change the result). |
"""

QUESTION_AVERAGE = """\
**Rubric, 3 points.**

| points | criterion |
|---:|---|
| 1 | Windows of 2 × 2, stride 2, no padding, bias 0, as many filters as planes. |
| 1 | The weights are 1/4. |
| 1 | Only within the filter's own plane; 0 in all others, so that planes are not mixed. |
"""

FILTERS_LOOK = """\
**Rubric, 3 points.** The figure under this cell.

| points | criterion |
|---:|---|
| 1 | Every filter of the first layer is shown once, as a color picture: the channel axis was moved, not reshaped. |
| 1 | The pictures stand in a grid in one size, unblurred, scaled so that structure is seen. |
| 1 | One or two sentences that fit the figure: which kinds of filters are there. |
"""

EXERCISES = {
    exercise.name: exercise
    for exercise in (
        layer_exercise("conv_forward"),
        image_filters_exercise(),
        layer_exercise("conv_backward"),
        layer_exercise("avg_pool_forward"),
        layer_exercise("avg_pool_backward"),
        Exercise("question_size", source="manual", rubric=QUESTION_SIZE),
        Exercise("question_nonlinear", source="manual", rubric=QUESTION_NONLINEAR),
        Exercise("question_average", source="manual", rubric=QUESTION_AVERAGE),
        net_exercise("four_layer_net", 4),
        trained_exercise("FourLayerConvNet"),
        Exercise("filters_look", source="manual", rubric=FILTERS_LOOK),
        layer_exercise("spatial_batchnorm_forward"),
        layer_exercise("spatial_batchnorm_backward"),
        layer_exercise("groupnorm_forward"),
        layer_exercise("groupnorm_backward"),
    )
}
