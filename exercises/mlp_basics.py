"""How the exercises of mlp_basics are judged."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from exercises import Context, Exercise, Verdict
from exercises.criteria import share
from exercises.mlp_layers import layer_exercises, training_exercises
from exercises.training import training_exercise
from lib.check.job import CaseAnswer
from lib.check.mlp.networks import layers_of, limit_problem
from lib.check.mlp.objects import ACTIVATIONS, activation_problems, lambda_problems

_TOML = Path(__file__).resolve().parents[1] / "source" / "mlp_basics" / "assignment.toml"
#: The data set stands in assignment.toml alone, so that an instructor changes it in one place.
DATASET = tomllib.loads(_TOML.read_text(encoding="utf-8"))["assignment"]["dataset"]


def refuse(answer: CaseAnswer) -> str:
    """Say that a network is not one hidden layer; empty when it is."""
    return limit_problem(layers_of(answer))


def judge_lambda(got: Sequence[CaseAnswer], reference: Sequence[CaseAnswer], context: Context) -> Verdict:
    """Judge the weight of the penalty that equals weight decay, with the student's own factor of L2."""
    values = got[0].arrays
    problems = lambda_problems(values.get("reg_lambda"), values.get("added"))
    return Verdict(0.0 if problems else 1.0, " ".join(problems) or "the step is that of weight decay")


def judge_activations(
    got: Sequence[CaseAnswer], reference: Sequence[CaseAnswer], context: Context
) -> Verdict:
    """Judge the values of the activation functions, each by itself."""
    values = got[0].arrays
    if not any(name in values for name in ACTIVATIONS):
        return Verdict(0.0, "the cell gave no values of activation functions.")
    return share((name, activation_problems(name, values.get(name))) for name in ACTIVATIONS)


COMPARE_MOMENTUM = """\
**Rubric, 2 points.** The answer below, read next to the figure above it.

| points | criterion |
|---:|---|
| 1 | Says which of the two learns faster *in this figure*, with a number read from it (loss or accuracy, and when). |
| 1 | Explains it: steps in the same direction add up, steps to and fro cancel; lr 0.01 with momentum 0.9 is up to 10 times the step. |
"""

COMPARE_OPTIMIZERS = """\
**Rubric, 4 points.** The settings cell, the figure and the answer below.

| points | criterion |
|---:|---|
| 1 | Each of the four rules has a learning rate under which its loss falls and does not jump. |
| 1 | Orders the four by what the figure shows, with numbers read from it. |
| 1 | Explains why rules that divide by the recent size of the gradient need little search for lr, or start fast. |
| 1 | Says what the comparison does not show (few images, few epochs, lr chosen by hand, training against validation). |
"""

WEIGHT_DECAY_COMPARED = """\
**Rubric, 2 points.** The answer below, read next to the figure and the printed differences.

| points | criterion |
|---:|---|
| 1 | States that weight decay and L2 with the found lambda take the same steps in plain SGD, and cites the printed difference. |
| 1 | Says what weight decay did to the weights (norm) and to training or validation in the figure, and does not claim more than it shows. |
"""

ACTIVATIONS_LOOK = """\
**Rubric, 1 point.** The figure under this cell.

| points | criterion |
|---:|---|
| 0.5 | All seven curves are drawn over the same range, told apart by labels; axes and title say what is shown. |
| 0.5 | The differences near 0 and far out can be seen: range and scale suit them. |
"""

WD_VS_L2 = """\
**Rubric, 5 points.** The answer below, read next to the figure of section 21.

| points | criterion |
|---:|---|
| 1 | Says that in Adam the two are *not* the same, and what the figure shows of it. |
| 1.5 | Says why: the gradient of L2 goes through m and v, so it is divided by the root of v like the rest of the gradient. |
| 1 | Draws the consequence: parameters with large gradients are regularized less than those with small ones; decay takes the same share of all. |
| 1 | Writes both update rules, or the term that differs, in symbols. |
| 0.5 | Names one condition under which they agree (plain SGD, or v the same for all parameters). |
"""

EXERCISES = {
    exercise.name: exercise
    for exercise in (
        *layer_exercises(),
        *training_exercises(),
        training_exercise(DATASET, probe="lib.check.mlp.probes:training", refuse=refuse),
        Exercise("l2_lambda", source="notebook", judge=judge_lambda),
        Exercise("activations", source="notebook", judge=judge_activations),
        Exercise("compare_momentum", source="manual", rubric=COMPARE_MOMENTUM),
        Exercise("compare_optimizers", source="manual", rubric=COMPARE_OPTIMIZERS),
        Exercise("weight_decay_compared", source="manual", rubric=WEIGHT_DECAY_COMPARED),
        Exercise("activations_look", source="manual", rubric=ACTIVATIONS_LOOK),
        Exercise("wd_vs_l2", source="manual", rubric=WD_VS_L2),
    )
}
