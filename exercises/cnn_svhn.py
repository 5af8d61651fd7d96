"""How the exercises of cnn_svhn are judged."""

from __future__ import annotations

from exercises import Exercise
from exercises.cnn_layers import layer_exercises, refuse_deep_network
from exercises.filters import filters_exercise
from exercises.training import training_exercise

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
        *layer_exercises(),
        training_exercise("svhn", probe="lib.check.cnn.probes:training", refuse=refuse_deep_network),
        filters_exercise(),
        Exercise("filters_look", source="manual", rubric=FILTERS_LOOK),
        Exercise("inline_question", source="manual", rubric=INLINE_QUESTION),
    )
}
