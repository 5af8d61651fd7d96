"""How the exercises of threelayer_cifar10 are judged."""

from __future__ import annotations

from exercises import Exercise
from exercises.convnet_layers import layer_exercise, net_exercise, trained_exercise

EXPLAIN_FILTERS = """\
**Rubric, 4 points.**

| points | criterion |
|---:|---|
| 2 | Why the filter answers at horizontal edges and not at vertical ones: it compares the row above with the row below. |
| 1 | What the transpose shows: vertical edges, the posts and not the rail. |
| 1 | Why 128: answers have both signs, and nothing becomes middle gray. |
"""

EXPLAIN_CONV = """\
**Rubric, 6 points.** Read next to the code in the report.

| points | criterion |
|---:|---|
| 1.5 | Forward: what the loops run over, what one turn computes, with shapes that fit this code. |
| 2 | Backward: why a weight gets pixel times slope and a pixel weight times slope, and why both are sums. |
| 1 | Padding: where it comes in and how it goes out again, pad 0 included. |
| 1 | What the printed errors say about the code. |
| 0.5 | A reader who has not taken the course can follow. |
"""

EXPLAIN_POOL = """\
**Rubric, 6 points.** Read next to the code in the report.

| points | criterion |
|---:|---|
| 1.5 | What is kept and what is lost, with the figure. |
| 2 | How the backward pass finds the winner, and why only it gets the slope. |
| 1 | Why += : a pixel may win several overlapping windows. |
| 1 | One pixel in sixteen of each plane receives gradient. |
| 0.5 | A reader who has not taken the course can follow. |
"""

EXPLAIN_FAST = """\
**Rubric, 4 points.**

| points | criterion |
|---:|---|
| 1 | Names the factors that the notebook printed. |
| 2 | Why: many small operations started from Python against one matrix product over all windows. |
| 1 | How one knows that they agree: differences at the level of rounding. |
"""

EXPLAIN_NET = """\
**Rubric, 8 points.** Read next to code, curves and filters in the report.

| points | criterion |
|---:|---|
| 2 | Forward with the shapes between the layers. |
| 2 | Backward in order, and what regularization adds to loss and gradients. |
| 2 | What each of the three tests would have shown if something had been wrong. |
| 1 | Reads its own curves and filters: fast or slow, overfitting or not, which kinds of filters. |
| 1 | A next step that follows from them. |
"""

EXERCISES = {
    exercise.name: exercise
    for exercise in (
        layer_exercise("conv_forward"),
        Exercise("explain_filters", source="manual", rubric=EXPLAIN_FILTERS),
        layer_exercise("conv_backward"),
        Exercise("explain_conv", source="manual", rubric=EXPLAIN_CONV),
        layer_exercise("max_pool_forward"),
        layer_exercise("max_pool_backward"),
        Exercise("explain_pool", source="manual", rubric=EXPLAIN_POOL),
        Exercise("explain_fast", source="manual", rubric=EXPLAIN_FAST),
        net_exercise("three_layer_net", 3),
        trained_exercise("ThreeLayerConvNet"),
        Exercise("explain_net", source="manual", rubric=EXPLAIN_NET),
    )
}
