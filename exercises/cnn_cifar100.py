"""How the exercises of cnn_cifar100 are judged."""

from __future__ import annotations

from exercises import Exercise
from exercises.cnn_layers import layer_exercises, refuse_deep_network
from exercises.filters import filters_exercise
from exercises.training import training_exercise

FILTERS_LOOK = """\
**Rubric, 1 point.** The first figure of section 9.

| points | criterion |
|---:|---|
| 0.5 | Every filter of the first convolution is there, one sharp picture each, in a grid with gaps. |
| 0.5 | The structure of each filter can be seen, with one scale for its three colors; a title says which scale. |
"""

RESPONSES_LOOK = """\
**Rubric, 2 points.** The figures of responses in section 9.

| points | criterion |
|---:|---|
| 1 | Two different images, each as a person sees it (not normalized), and a map for every filter. |
| 0.5 | The maps come out of this network's first convolution, run on the normalized images. |
| 0.5 | Small and large responses can be told apart, signs too; each map can be matched with its filter. |
"""

INLINE_QUESTION = """\
**Rubric, 5 points.** The answer below, read next to the filters and responses of this student's own network.

| points | criterion |
|---:|---|
| 1.5 | Names two or three kinds of filters (edges, color contrasts, spots, noise), each with an example to find. |
| 1.5 | Explains one response: where it is strong or weak, and how the filter's weights lead to that. |
| 1 | Says what the first layer gives to the task and what it cannot see, e.g. anything larger than its window. |
| 1 | Is about the figures shown, not networks in general; nothing contradicts them. |
"""

EXTRA_CREDIT = """\
**Rubric, 5 extra points**, on top of the 60. Any question about the trained network counts.

| points | criterion |
|---:|---|
| 1 | A question that can be answered by an experiment or a count. |
| 2 | It was answered: code that runs, with a figure or table of this student's own network, readable by itself. |
| 1 | The result is read correctly; chance, or the number of images behind it, is kept in mind. |
| 1 | An explanation, or a next step, that fits the result. |
"""

EXERCISES = {
    exercise.name: exercise
    for exercise in (
        *layer_exercises(),
        training_exercise("cifar100", probe="lib.check.cnn.probes:training", refuse=refuse_deep_network),
        filters_exercise(),
        Exercise("filters_look", source="manual", rubric=FILTERS_LOOK),
        Exercise("responses_look", source="manual", rubric=RESPONSES_LOOK),
        Exercise("inline_question", source="manual", rubric=INLINE_QUESTION),
        Exercise("extra_credit", source="manual", rubric=EXTRA_CREDIT),
    )
}
