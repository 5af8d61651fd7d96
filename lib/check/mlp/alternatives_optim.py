"""Wrong update rules that are made often, run on purpose: the diagnosis compares with them.

Each function takes the settings of one case for one parameter and returns ``{mistake: {name: wrong array}}``, as
``lib.check.mlp.formulas`` returns the right ones. The mistake completes "this is what comes out when …".
"""

from __future__ import annotations

import numpy as np


def _run(w, grads, rule, **state):
    """Run a rule, ``rule(w, grad, step, state) -> w``, over the gradients; note w and the states after each step."""
    state = {name: np.zeros_like(w) + value for name, value in state.items()}
    noted = {name: [] for name in ("w", *state)}
    for step, grad in enumerate(grads, start=1):
        w = rule(w, grad, step, state)
        noted["w"].append(w)
        for name, value in state.items():
            noted[name].append(value)
    return {name: np.array(values) for name, values in noted.items()}


def sgd(w, grads, lr, weight_decay=0.0, **_):
    """Return wrong plain descents."""
    wd = weight_decay
    rules = {
        "weight decay is multiplied by lr. Here it is not: each step takes weight_decay * w": lambda w, g: (
            w - lr * (g + wd * w)
        ),
        "weight decay is left out": lambda w, g: w - lr * g,
        "weight decay pushes away from 0: subtract it": lambda w, g: w - lr * g + wd * w,
        "weight decay is taken of the parameter after the step": lambda w, g: (w - lr * g) * (1 - wd),
        "weight decay is a number instead of a part of w": lambda w, g: w - lr * g - wd,
        "2 * weight_decay * w is taken": lambda w, g: w - lr * g - 2 * wd * w,
        "lr is left out": lambda w, g: w - g - wd * w,
        "the step goes up the slope: subtract lr times the gradient": lambda w, g: w + lr * g - wd * w,
        "the parameter is replaced by the step": lambda w, g: -lr * g - wd * w,
    }
    return {said: _run(w, grads, lambda w, g, *_, r=rule: r(w, g)) for said, rule in rules.items()}


def sgdm(w, grads, lr, momentum, velocity=0.0, **_):
    """Return wrong descents with momentum."""
    m = momentum

    def make(new_velocity, move):
        def rule(w, g, step, state):
            old = state["velocity"]
            state["velocity"] = new_velocity(old, g)
            return w + move(old, state["velocity"], g)

        return rule

    right = lambda v, g: m * v - lr * g  # noqa: E731
    rules = {
        "the velocity has the other sign: v = momentum * v - lr * gradient, then w + v": make(
            lambda v, g: m * v + lr * g, lambda old, v, g: -v
        ),
        "the velocity is subtracted": make(right, lambda old, v, g: -v),
        "the gradient is added to the velocity instead of subtracted": make(
            lambda v, g: m * v + lr * g, lambda old, v, g: v
        ),
        "lr multiplies the velocity as well": make(lambda v, g: m * v - g, lambda old, v, g: lr * v),
        "lr is applied after the sum: v = momentum * v + gradient, w - lr * v": make(
            lambda v, g: m * v + g, lambda old, v, g: -lr * v
        ),
        "the gradient has weight 1 - momentum": make(
            lambda v, g: m * v - (1 - m) * lr * g, lambda old, v, g: v
        ),
        "momentum is left out": make(lambda v, g: v - lr * g, lambda old, v, g: v),
        "w moves by the velocity of the step before": make(right, lambda old, v, g: old),
        "w moves by the gradient and by the velocity": make(right, lambda old, v, g: v - lr * g),
        "the look-ahead of Nesterov is there": make(right, lambda old, v, g: m * v - lr * g),
        "the velocity starts at 0 in every step: keep it in self.velocity": make(
            lambda v, g: -lr * g, lambda old, v, g: v
        ),
        "w does not move by the velocity": make(right, lambda old, v, g: -lr * g),
    }
    wrong = {said: _run(w, grads, rule, velocity=velocity) for said, rule in rules.items()}
    forgets = _run(w, grads, make(right, lambda old, v, g: v), velocity=velocity)
    held = np.zeros_like(w) + velocity  # the velocity of the beginning, at every step
    forgets["w"] = w + np.cumsum([m * held - lr * g for g in grads], axis=0)
    forgets["velocity"] = np.broadcast_to(held, forgets["w"].shape)
    wrong["the new velocity is not kept: self.velocity[name] = …"] = forgets
    return wrong


def rmsprop(w, grads, lr, decay, eps, cache=0.0, **_):
    """Return wrong descents by recent sizes."""

    def make(new_cache, move):
        def rule(w, g, step, state):
            state["cache"] = new_cache(state["cache"], g)
            return w - move(state["cache"], g)

        return rule

    average = lambda c, g: decay * c + (1 - decay) * g * g  # noqa: E731
    divide = lambda c, g: lr * g / (np.sqrt(c) + eps)  # noqa: E731
    rules = {
        "eps stands inside the root: sqrt(c) + eps": make(average, lambda c, g: lr * g / np.sqrt(c + eps)),
        "the root is left out": make(average, lambda c, g: lr * g / (c + eps)),
        "eps is added to the quotient": make(average, lambda c, g: lr * (g / np.sqrt(c) + eps)),
        "the gradient is not squared in the average": make(lambda c, g: decay * c + (1 - decay) * g, divide),
        "decay and 1 - decay are exchanged": make(lambda c, g: (1 - decay) * c + decay * g * g, divide),
        "the squares add up without decay (that is AdaGrad)": make(lambda c, g: c + g * g, divide),
        "the square has weight 1 instead of 1 - decay": make(lambda c, g: decay * c + g * g, divide),
        "1 - decay is squared with the gradient": make(
            lambda c, g: decay * c + np.square((1 - decay) * g), divide
        ),
        "the average starts at 0 in every step: keep it in self.cache": make(
            lambda c, g: (1 - decay) * g * g, divide
        ),
        "lr is left out": make(average, lambda c, g: g / (np.sqrt(c) + eps)),
        "the step goes up the slope": make(average, lambda c, g: -divide(c, g)),
        "the gradient is not divided": make(average, lambda c, g: lr * g),
    }
    wrong = {}
    with np.errstate(all="ignore"):
        for said, rule in rules.items():
            wrong[said] = _run(w, grads, rule, cache=cache)
        before = _run(w, grads, make(average, divide), cache=cache)
        old = np.concatenate([(np.zeros_like(w) + cache)[None], before["cache"][:-1]])
        before["w"] = w - np.cumsum([divide(c, g) for c, g in zip(old, grads, strict=True)], axis=0)
        wrong["the average of the step before is used: update c first"] = before
    return wrong


def adam(w, grads, lr, beta1, beta2, eps, weight_decay=0.0, mt=0.0, vt=0.0, t=0, **_):
    """Return wrong descents of Adam."""
    wd = weight_decay

    def make(count=lambda step: t + step, correct=(True, True), decay=lambda w: wd * w, **how):
        def rule(w, g, step, state):
            if how.get("coupled"):
                g = g + wd * w
            state["mt"] = beta1 * state["mt"] + (1 - beta1) * how.get("mean", lambda g: g)(g)
            state["vt"] = beta2 * state["vt"] + (1 - beta2) * how.get("square", lambda g: g * g)(g)
            n = count(step)
            m = state["mt"] / (1 - beta1**n) if correct[0] else state["mt"]
            v = state["vt"] / (1 - beta2**n) if correct[1] else state["vt"]
            move = how.get("move", lambda m, v: m / (np.sqrt(v) + eps))(m, v)
            return w - lr * move - decay(w)

        return rule

    rules = {
        "the correction is left out: divide m by 1 - beta1**t and v by 1 - beta2**t": make(
            correct=(False, False)
        ),
        "m is not corrected: divide it by 1 - beta1**t": make(correct=(False, True)),
        "v is not corrected: divide it by 1 - beta2**t": make(correct=(True, False)),
        "t counts one step too many: begin_step has counted this one already": make(
            lambda step: t + step + 1
        ),
        "t is counted once more in every update: begin_step counts, update does not": make(
            lambda step: t + 2 * step
        ),
        "t does not count: the correction is that of the first step all the time": make(lambda step: 1),
        "eps stands inside the root: sqrt(v) + eps": make(move=lambda m, v: m / np.sqrt(v + eps)),
        "the root is left out": make(move=lambda m, v: m / (v + eps)),
        "weight decay is multiplied by lr. Here it is not: each step takes weight_decay * w": make(
            decay=lambda w: lr * wd * w
        ),
        "weight decay is added to the gradient (that is L2)": make(coupled=True, decay=lambda w: 0.0),
        "weight decay is left out": make(decay=lambda w: 0.0),
        "weight decay pushes away from 0": make(decay=lambda w: -wd * w),
        "the step goes up the slope": make(move=lambda m, v: -m / (np.sqrt(v) + eps)),
        "the gradient is not squared in v": make(square=lambda g: g),
        "the gradient's size is averaged in v instead of its square": make(square=np.abs),
        "m averages the squares": make(mean=lambda g: g * g),
    }
    with np.errstate(all="ignore"):
        wrong = {said: _run(w, grads, rule, mt=mt, vt=vt) for said, rule in rules.items()}
        wrong["the corrected averages are kept: keep m and v as they are, and correct copies"] = (
            _keeps_corrected(w, grads, lr, beta1, beta2, eps, wd, mt, vt, t)
        )
    return wrong


def _keeps_corrected(w, grads, lr, beta1, beta2, eps, wd, mt, vt, t):
    """Run Adam with averages that are corrected in place, again and again."""

    def rule(w, g, step, state):
        state["mt"] = (beta1 * state["mt"] + (1 - beta1) * g) / (1 - beta1 ** (t + step))
        state["vt"] = (beta2 * state["vt"] + (1 - beta2) * g * g) / (1 - beta2 ** (t + step))
        return w - lr * state["mt"] / (np.sqrt(state["vt"]) + eps) - wd * w

    return _run(w, grads, rule, mt=mt, vt=vt)
