"""The published cases of networks, update rules, penalties and the training loop."""

from __future__ import annotations

import numpy as np

from lib.check.mlp import cases, networks, problems
from lib.check.mlp.published import EXACT, TABLE_TOLERANCE, look_case
from lib.check.mlp.train_loop import draw_best_case, draw_case, train_problems
from lib.check.run import Case

#: First and last entry of what comes out of the published cases.
SMALL_NET_ENDS, SMALL_NET_LOSS = (-2.33881897, 0.16364763), 2.4248995879903195
RULE_ENDS = {
    "sgd": {},
    "sgdm": {"w.w1": (0.1406, 1.4096), "velocity.w1": (0.5406, 0.8096)},
    "rmsprop": {"w.w1": (-0.39223849, 0.59576619), "cache.w1": (0.5976, 0.8926)},
    "adam": {"w.w1": (-0.40094747, 0.59801459), "mt.w1": (0.48, 0.85), "vt.w1": (0.69966, 0.49966)},
}


# networks


def cascaded_nets_cases():
    """List the published cases of the two cascades."""
    rng = np.random.default_rng(39)
    return [
        look_case(
            f"flatten, fc, {kind}: 4 samples of 5x3", cases.cascade(rng, which), networks.cascade_problems
        )
        for which, kind in enumerate(("leaky ReLU", "GELU"))
    ]


def small_net_cases():
    """List the one published case of the small network."""
    inputs = cases.published_small_net()

    def look(answer):
        wanted = networks.small_net_wanted(inputs)
        parts = networks.small_net_problems(answer, inputs, wanted | {"loss": SMALL_NET_LOSS})
        for name, found in parts.items():
            if found:
                passed = [part for part in parts if not parts[part]]
                return [*found, *([f"(right so far: {', '.join(passed)})"] if passed else [])], name
        first, last = answer.value("scores")[0, [0, -1]]
        return [], f"scores {first:.8f} … {last:.8f}, loss {float(answer.value('loss'))!r}, gradients right"

    return [Case("fc 4 to 30, GELU, fc 30 to 7", inputs, look)]


def dropout_net_cases():
    """List the published cases of the network with dropout."""
    rng = np.random.default_rng(40)
    return [
        look_case(
            f"keep_prob {keep_prob:g}", cases.dropout_net(rng, keep_prob), networks.dropout_net_problems
        )
        for keep_prob in (0, 0.25, 0.5)
    ]


# update rules, penalties, the loop


def optimizer_cases(rule):
    """Return the function that lists the published cases of an update rule."""

    def look(answer, inputs):
        return problems.optimizer_problems(answer, inputs, EXACT)

    def table_look(answer, inputs):
        found = look(answer, inputs)
        for name, ends in RULE_ENDS[rule].items():
            got = answer.value(name)
            if not any(found.values()) and not np.allclose(got.ravel()[[0, -1]], ends, atol=TABLE_TOLERANCE):
                return {"params": [f"{name} is not what the table says."]}
        return found

    def listed():
        rng = np.random.default_rng(41)
        decay = rule in ("sgd", "adam")
        return [
            look_case("one step on 4x5 weights", cases.published_rule(rule), table_look),
            look_case("two layers, four steps from the start", cases.rule(rng, rule, 4), look),
            *(
                [look_case("with weight decay 0.05", cases.rule(rng, rule, 4, weight_decay=0.05), look)]
                if decay
                else []
            ),
        ]

    return listed


def penalty_cases(kind):
    """Return the function that lists the published cases of a penalty."""

    def look(answer, inputs):
        return problems.regularization_problems(answer, inputs, EXACT)

    def listed():
        rng = np.random.default_rng(42 + kind)
        return [
            look_case(f"two layers, lam {lam:g}", cases.penalty(rng, kind, lam), look) for lam in (0.1, 0.003)
        ]

    return listed


def train_net_cases():
    """List the published cases of the training loop."""
    rng = np.random.default_rng(45)
    plain = draw_case(rng)
    penalized = draw_case(rng, penalty=2, lam=0.05)
    return [
        look_case("3 batches of 8 samples, 4 epochs", plain, train_problems),
        look_case("with L2 regularization", penalized, train_problems),
        look_case("the best epoch is neither the first nor the last", draw_best_case(rng), train_problems),
    ]
