"""Look at a training that was watched (``lib.check.mlp.probes_train``): its steps, accuracies, best parameters.

Each step is compared with what the parameters before it, as they really were, should have led to; so a mistake
in one block of the loop does not make the others wrong.
"""

from __future__ import annotations

import numpy as np

from lib.check.diagnose import compare
from lib.check.mlp import formulas
from lib.check.mlp.probes_train import BACKWARD, FORWARD, LOSS, SLOPES, STEP, TESTED

NAMES = ("fc_w", "fc_b")
CALLS = {
    LOSS: "loss_func.forward(scores, labels_batch)",
    SLOPES: "loss_func.backward()",
    BACKWARD: "model.backward(…)",
    STEP: "optimizer.step()",
}


def draw_case(rng, *, count=24, batch=8, epochs=4, lr=0.5, penalty=0, lam=0.0, classes=3, features=5):
    """Draw a small training: two parts of noisy clouds, first parameters, which inputs training sees.

    Returns
    -------
    dict of str to ndarray
        ``x`` (N, D), ``y``, ``x_val``, ``y_val``, ``w``, ``b``, ``visible`` (D,), and the settings.
    """
    centers = 1.5 * rng.standard_normal((classes, features))

    def cloud(size):
        labels = rng.integers(0, classes, size)
        return centers[labels] + 1.5 * rng.standard_normal((size, features)), labels

    x, y = cloud(count)
    x_val, y_val = cloud(19)
    visible = np.ones(features)
    visible[rng.permutation(features)[:2]] = 0
    settings = {"batch": batch, "epochs": epochs, "lr": lr, "penalty": penalty, "lam": lam}
    return {
        "x": x,
        "y": y,
        "x_val": x_val,
        "y_val": y_val,
        "w": rng.standard_normal((features, classes)),
        "b": 0.1 * rng.standard_normal(classes),
        "visible": visible,
        **{name: np.asarray(value) for name, value in settings.items()},
    }


def draw_best_case(rng):
    """Draw a training whose best validation accuracy is reached once, neither first nor last.

    Every batch holds all samples, so their order does not matter and the outcome is known beforehand. By the
    training accuracies another epoch would be chosen.
    """
    for _ in range(10_000):
        case = draw_case(rng, batch=24, epochs=6, lr=float(rng.uniform(0.3, 3)))
        train, val = _accuracies(case)
        best = int(val.argmax())
        alone = (val == val.max()).sum() == 1
        if alone and 0 < best < len(val) - 1 and train[best] < train.max():
            return case
    msg = "draw_best_case: no such training found"
    raise RuntimeError(msg)


def _accuracies(case):
    """Return the accuracies after each epoch of a training with all samples in every batch."""
    params = {"fc_w": case["w"], "fc_b": case["b"]}
    found = []
    for _ in range(int(case["epochs"])):
        params = _step(case, params, case["x"], case["y"])
        found.append((_accuracy(case, params, "x", "y"), _accuracy(case, params, "x_val", "y_val")))
    return np.array(found).T


def _accuracy(case, params, images, labels, *, training=False):
    """Return the share of samples that are scored rightly."""
    seen = case[images] * case["visible"] if training else case[images]
    return float(np.mean((seen @ params["fc_w"] + params["fc_b"]).argmax(axis=1) == case[labels]))


def _step(case, params, batch, labels, *, penalty=True, training=True):
    """Return the parameters after one step from ``params`` with a batch."""
    seen = batch * case["visible"] if training else batch
    slopes = formulas.loss_gradient(seen @ params["fc_w"] + params["fc_b"], labels)
    grads = {"fc_w": np.einsum("nd,nk->dk", seen, slopes), "fc_b": np.einsum("nk->k", slopes)}
    kind, lam = int(case["penalty"]), float(case["lam"])
    moved = {}
    for name, p in params.items():
        pull = (np.zeros_like(p), np.sign(p), 2 * p)[kind] if penalty else 0.0
        moved[name] = p - float(case["lr"]) * (grads[name] + lam * pull)
    return moved


def train_problems(answer, case) -> dict[str, list[str]]:
    """List the symptoms of a training: ``step``, ``accuracies``, ``best``."""
    every = int(case["epochs"]) * max(len(case["x"]) // int(case["batch"]), 1)
    paths = {name: answer.value(f"path.{name}") for name in NAMES}
    shapes = {"fc_w": case["w"].shape, "fc_b": case["b"].shape}
    whole = all(
        isinstance(path, np.ndarray) and path.shape == (every + 1, *shapes[name])
        for name, path in paths.items()
    )
    if not whole:
        events = answer.value("events")
        seen = int((np.asarray(events) == LOSS).sum()) if isinstance(events, np.ndarray) else 0
        said = [f"the loss was computed {seen} times in {every} iterations: once for each batch."]
        return {name: said if name == "step" else LATER for name in ("step", "accuracies", "best")}
    path = [{name: paths[name][i] for name in NAMES} for i in range(every + 1)]
    return {
        "step": _step_problems(answer, case, path),
        "accuracies": _accuracy_problems(answer, case, path),
        "best": _best_problems(answer, case, path),
    }


LATER = ["not looked at: the steps come first."]


def _step_problems(answer, case, path):
    """Look at the order of the calls, then at the losses, then at where each step led."""
    events = np.asarray(answer.value("events"))
    iterations = len(path) - 1
    if problem := _call_problem(events, iterations):
        return [problem]
    batches, labels = answer.value("batches"), answer.value("labels")
    wanted = (iterations, int(case["batch"]), case["x"].shape[1])
    if not isinstance(batches, np.ndarray) or batches.shape != wanted:
        got = getattr(batches, "shape", None)
        return [f"the batches have shapes {got}, wanted {wanted}: pass data_batch to model.forward."]
    losses = [
        formulas.loss((x * case["visible"]) @ p["fc_w"] + p["fc_b"], y)
        for x, y, p in zip(batches, labels, path[:-1], strict=True)
    ]
    problems = compare("loss_hist", answer.value("losses"), np.array(losses), rtol=1e-9, image=False)
    if problems:
        return problems
    for number, (x, y) in enumerate(zip(batches, labels, strict=True)):
        right = _step(case, path[number], x, y)
        if all(np.allclose(path[number + 1][name], right[name], rtol=1e-9, atol=1e-12) for name in NAMES):
            continue
        plain = _step(case, path[number], x, y, penalty=False)
        if all(np.allclose(path[number + 1][name], plain[name], rtol=1e-9, atol=1e-12) for name in NAMES):
            return ["regularization is not passed on: model.backward(dscores, regularization, reg_lambda)."]
        return [
            f"step {number + 1} leads somewhere else than the gradient of its batch. Is it the right batch?"
        ]
    return []


def _call_problem(events, iterations):
    """Say what is wrong with the order of the calls; empty when nothing is."""
    for code, call in CALLS.items():
        if code not in events:
            return f"{call} is never called."
    inside = events[events != TESTED]
    order = [LOSS, SLOPES, BACKWARD, STEP]
    steps = [code for code in inside if code != FORWARD]
    if steps == order * iterations:
        before = events[np.flatnonzero(events == LOSS) - 1]
        if (before == TESTED).any():
            return "the network runs in test mode while it trains: model.forward(data_batch), dropout is on."
        if (before != FORWARD).any():
            return "model.forward is not called right before the loss."
        return ""
    for code, call in CALLS.items():
        count = steps.count(code)
        if count != iterations:
            return f"{call} is called {count} times in {iterations} iterations, wanted once in each."
    got = " - ".join(CALLS[code].split("(")[0] for code in steps[:4])
    return f"the order is {got}; wanted loss_func.forward - loss_func.backward - model.backward - optimizer.step."


def _accuracy_problems(answer, case, path):
    """Look at the accuracies after each epoch."""
    ends = _ends(case, path)
    parts = {"train": ("x", "y"), "val": ("x_val", "y_val")}
    wanted = {name: np.array([_accuracy(case, p, *part) for p in ends]) for name, part in parts.items()}
    problems = []
    for name, other in (("train", "val"), ("val", "train")):
        awake = np.array([_accuracy(case, p, *parts[name], training=True) for p in ends])
        early = np.array([_accuracy(case, p, *parts[name]) for p in _ends(case, path, before=True)])
        wrong = {
            "the network runs in training mode: dropout is off when accuracy is measured": awake,
            "training and validation are exchanged": wanted[other],
            "the share of wrong answers is taken": 1 - wanted[name],
            "it is given in percent: wanted is a share from 0 to 1": 100 * wanted[name],
            "it is measured before the last step of the epoch": early,
            "the number of right answers is not divided by the number of samples": wanted[name]
            * len(case[parts[name][0]]),
        }
        got = answer.value(f"{name}_acc")
        if isinstance(got, np.ndarray) and got.shape == wanted[name].shape and np.isnan(got).all():
            problems.append(f"{name}_acc is None: assign it.")
            continue
        problems += compare(
            f"{name}_acc of each epoch", got, wanted[name], rtol=1e-9, alternatives=wrong, image=False
        )
    events = np.asarray(answer.value("events"))
    if problems and TESTED not in events and "training mode" not in problems[0]:
        problems.insert(
            0, "the network never runs in test mode: model.forward(images, False) switches dropout off."
        )
    return problems[:3]


def _ends(case, path, *, before=False):
    """Return the parameters after each epoch (or before the last step of it)."""
    length = (len(path) - 1) // int(case["epochs"])
    return [path[end - before] for end in range(length, len(path), length)]


def _best_problems(answer, case, path):
    """Look at which epoch the returned parameters come from, and whether they are copies."""
    got = {name: answer.value(f"best.{name}") for name in NAMES}
    for name, value in got.items():
        if not isinstance(value, np.ndarray) or value.shape != path[0][name].shape:
            return [f"opt_params['{name}'] is missing: wanted a dictionary with the name of every parameter."]
    ends = _ends(case, path)
    scores = {
        "validation": np.array([_accuracy(case, p, "x_val", "y_val") for p in ends]),
        "training": np.array([_accuracy(case, p, "x", "y") for p in ends]),
    }
    val = scores["validation"]
    wanted = set(np.flatnonzero(val == val.max()))
    held = [i for i, p in enumerate(ends) if all(np.array_equal(got[name], p[name]) for name in NAMES)]
    aliased = bool(np.asarray(answer.value("alias")).any())
    alias = "opt_params shares its arrays with the network, which goes on changing them. Copy: value.copy()."
    if wanted & set(held):
        # right by luck only where the last epoch is the best
        return [alias] if aliased else []
    best = sorted(wanted)[0] + 1
    if aliased:
        return [alias]
    if not held:
        return [f"opt_params belongs to no epoch; wanted are the parameters after epoch {best}, copied."]
    said = f"opt_params holds the parameters after epoch {held[0] + 1}, wanted those after epoch {best}"
    listed = ", ".join(f"{value:.2f}" for value in val)
    hint = ""
    if held[0] == len(ends) - 1:
        hint = (
            " Is best_val_acc updated too, where val_acc > best_val_acc? Or is opt_params empty? The parameters "
            "are in model.net.params."
        )
    elif held[0] in np.flatnonzero(scores["training"] == scores["training"].max()):
        hint = " Were they chosen by the training accuracy?"
    elif held[0] in np.flatnonzero(val == val.min()):
        hint = " Is the comparison the wrong way round?"
    return [f"{said} (validation accuracies {listed}).{hint}"]
