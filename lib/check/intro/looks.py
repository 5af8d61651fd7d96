"""Look at the answers of single functions: arrays, a training step, an accuracy."""

from __future__ import annotations

import numpy as np

from lib.check.diagnose import close, compare, explained, unassigned
from lib.check.intro import alternatives

#: Allowed difference from an expectation in double precision, and from one in single precision.
EXACT, SINGLE = 1e-9, 1e-4


def out_problems(answer, inputs, right, wrong, rtol=EXACT, name="out"):
    """Compare the array that a function returned with the right one, and with usual wrong ones."""
    return compare(
        name,
        answer.value(name),
        right(inputs),
        rtol=rtol,
        alternatives=lambda: wrong(inputs),
        image=False,
        hints={"missing": unassigned(name)},
    )


def correlate_problems(answer, inputs):
    """List the symptoms of ``correlate``."""
    return out_problems(answer, inputs, alternatives.correlate_right, alternatives.correlate)


def max_pool_problems(answer, inputs):
    """List the symptoms of ``max_pool``."""
    return out_problems(answer, inputs, alternatives.max_pool_right, alternatives.max_pool)


def mosaic_problems(answer, inputs):
    """List the symptoms of ``filter_mosaic``."""
    found = compare(
        "mosaic",
        answer.value("out"),
        alternatives.mosaic_right(inputs),
        rtol=EXACT,
        alternatives=lambda: alternatives.mosaic(inputs),
        image=False,
        hints={"missing": unassigned("mosaic")},
    )
    return found


def responses_problems(answer, inputs):
    """List the symptoms of ``filter_responses``."""
    return compare(
        "responses",
        answer.value("out"),
        alternatives.responses_right(inputs),
        rtol=SINGLE,
        alternatives=lambda: alternatives.wrong_responses(inputs),
        image=False,
        hints={"missing": unassigned("responses")},
    )


def step_problems(answer, inputs):
    """List the symptoms of ``train_step``, by criterion: mode, weights, loss."""
    weights, biases, losses = alternatives.train_steps(inputs)
    modes, graphs = answer.value("modes"), answer.value("graphs")
    found = {"mode": [], "weights": [], "loss": []}
    if not all(isinstance(noted, np.ndarray) and noted.size for noted in (modes, graphs)):
        found = {name: ["the network was not run: train_step does not call net(images)."] for name in found}
        return found
    if not modes.all():
        found["mode"] = [
            "train_step: the network was in evaluation mode while it learned. Call net.train() first."
        ]
    got = answer.value("w")
    same_shape = isinstance(got, np.ndarray) and got.shape == weights.shape  # one more axis: the steps
    if same_shape and np.allclose(got, inputs["w"], atol=1e-7):
        why = "optimizer.step() has to come after backward(), and zero_grad() before it"
        if not graphs.all():
            why = "no gradients were kept track of: torch.no_grad() is for accuracy only"
        found["weights"] = [f"train_step: the weights did not change. Is anything missing? {why}."]
    else:
        wrong = {
            label: alternatives.train_steps(inputs, **change)[0]
            for label, change in (
                (
                    "gradients add up over the steps. Call optimizer.zero_grad() before backward()",
                    {"keep": True},
                ),
                (
                    "softmax comes before cross entropy, which has its own. Give it the scores",
                    {"twice": True},
                ),
                ("the loss is summed over the images. Wanted is the mean", {"total": True}),
            )
        }
        options = {"rtol": SINGLE, "image": False}
        found["weights"] = compare("weights after the steps", got, weights, alternatives=wrong, **options)
        if not found["weights"]:
            found["weights"] = compare("bias after the steps", answer.value("b"), biases, **options)
    found["loss"] = _loss_problems(answer, inputs, losses)
    loss = answer.value("loss")
    begun = (
        isinstance(loss, np.ndarray) and loss.shape == losses.shape and close(loss[:1], losses[:1], SINGLE)
    )
    if not (begun or explained(found["weights"]) or explained(found["loss"])):
        # the mode is what the process says of itself; not even the loss before the first step shows that it ran
        found["mode"] = found["mode"] or ["not counted: the weights and the loss come first."]
    return found


def _loss_problems(answer, inputs, losses):
    got = answer.value("loss")
    if answer.kinds.get("loss") == "Tensor":
        return [
            "loss is a Tensor, which keeps all that it was computed from. Return a number: batch_loss.item()."
        ]
    if got is None:
        return [f"loss is {unassigned('loss')}"]
    wrong = {
        label: alternatives.train_steps(inputs, **change)[2]
        for label, change in (
            ("softmax comes before cross entropy, which has its own. Give it the scores", {"twice": True}),
            ("the loss is summed over the images. Wanted is the mean", {"total": True}),
        )
    }
    return compare("loss", got, losses, rtol=SINGLE, alternatives=wrong, image=False)


def accuracy_problems(answer, inputs):
    """List the symptoms of ``accuracy``, by criterion: mode, fraction."""
    want, _ = alternatives.accuracy_right(inputs)
    modes, graphs = answer.value("modes"), answer.value("graphs")
    found = {"mode": [], "fraction": []}
    if not all(isinstance(noted, np.ndarray) and noted.size for noted in (modes, graphs)):
        return {name: ["the network was not run: accuracy does not call net(...)."] for name in found}
    if modes.any():
        found["mode"] = [
            "accuracy: the network was in training mode while it was measured. Call net.eval() first."
        ]
    elif graphs.any():
        found["mode"] = [
            "accuracy: gradients were kept track of, which costs time and memory. Use torch.no_grad()."
        ]
    if answer.kinds.get("fraction") == "Tensor":
        found["fraction"] = ["fraction is a Tensor. Return a number: .item() takes it out of a tensor."]
        return found
    got = answer.value("fraction")
    if got is None:
        found["fraction"] = [f"fraction is {unassigned('fraction')}"]
    elif getattr(got, "shape", None) != ():
        found["fraction"] = ["fraction is no single number: wanted the share of right answers, from 0 to 1."]
    elif not abs(float(got) - want) <= 1e-6:  # nan is not
        label = next(
            (name for name, wrong in alternatives.accuracy(inputs).items() if abs(float(got) - wrong) < 1e-6),
            "",
        )
        said = f" This is what comes out when {label}." if label else ""
        found["fraction"] = [f"fraction is {float(got):.6g}, wanted {want:.6g}.{said}"]
    return found


def loop_problems(answer, inputs):
    """List the symptoms of a case of the training loop, by criterion."""
    return step_problems(answer, inputs) if "lr" in inputs else accuracy_problems(answer, inputs)
