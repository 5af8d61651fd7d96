"""What is wrong with the answer to one case, in sentences: shared by the checks and the judges.

Every function returns a dictionary ``{criterion: list of sentences}``; an empty list means that it is met.
"""

from __future__ import annotations

import numpy as np

from lib.check.diagnose import compare, explained, unassigned
from lib.check.job import Other
from lib.check.mlp import alternatives, alternatives_optim, formulas

#: How far the share of kept entries may be from keep_prob, in standard deviations.
SIGMAS = 5.0
#: Names of the update rules by their number in a case, and what each keeps.
RULES = ("sgd", "sgdm", "rmsprop", "adam")
KEPT = {"sgd": (), "sgdm": ("velocity",), "rmsprop": ("cache",), "adam": ("mt", "vt")}

#: What is said of an answer that is not there, or is one number.
HINTS = {
    "out": {"missing": unassigned("output")},
    "flat": {"missing": unassigned("output")},
    "dfeat": {"missing": unassigned("dfeat")},
    "dimg": {"missing": unassigned("dfeat")},
    "dw": {"missing": "missing: store it, self.grads[self.w_name] = …"},
    "db": {
        "missing": "missing: store it, self.grads[self.b_name] = …",
        "scalar": "one per output: sum over the samples only (axis=0).",
    },
    "softmax": {"missing": unassigned("scores"), "scalar": "one per score: sum along the last axis only."},
    "loss": {"missing": unassigned("loss")},
    "logit": {"missing": "None: assign the probabilities to `logit`; the backward pass needs them"},
    "dscores": {"missing": unassigned("dlogit")},
}
#: What an answer is called in the sentences, where its key is not its name.
NAMES = {"flat": "flatten", "dimg": "gradient of flatten", "dscores": "slope of the scores"}


def array_problems(answer, want, wrong, rtol):
    """Compare every array that is wanted.

    Parameters
    ----------
    answer : CaseAnswer
    want : dict of str to ndarray
    wrong : function() -> dict of str to dict of str to ndarray
        The usual wrong answers for each.
    rtol : float
        As for ``lib.check.diagnose.compare``.
    """
    made = {}

    def usual(name):
        if not made:
            made.update(wrong() or {"": {}})
        return made.get(name, {})

    return {
        name: compare(
            NAMES.get(name, name),
            answer.value(name),
            np.asarray(value),
            rtol=rtol,
            alternatives=lambda name=name: usual(name),
            image=False,
            hints=HINTS.get(name),
        )
        for name, value in want.items()
    }


def _drops(inputs):
    """Tell whether a case of dropout drops anything, and return its keep_prob."""
    keep_prob = float(inputs["keep_prob"])
    return bool(inputs["training"]) and 0 < keep_prob < 1, keep_prob


def dropout_forward_problems(answer, inputs, rtol):
    """Look at a forward pass of dropout: ``out`` (values and share), ``seed`` (masks that repeat, and do not)."""
    out, x = answer.value("out"), inputs["x"]
    drops, keep_prob = _drops(inputs)
    if not drops:
        why = "at test time" if not inputs["training"] else f"with keep_prob {keep_prob:g}"
        found = compare("out", out, x, rtol=rtol, image=False, hints=HINTS["out"])
        said = [f"{why} nothing is dropped or scaled: the output is the input.", *found] if found else []
        return {"out": said, "seed": ["not looked at: the output comes first."] if said else []}
    shape = compare("out", out, x, rtol=np.inf, image=False, hints=HINTS["out"])
    if shape or not isinstance(out, np.ndarray):
        return {"out": shape, "seed": ["not looked at: the output comes first."]}
    return {"out": _mask_problems(out, x, keep_prob, rtol), "seed": _seed_problems(answer, out)}


def _mask_problems(out, x, keep_prob, rtol):
    """Look at which entries were dropped, and how the kept ones were scaled."""
    mask = out != 0
    if mask.all():
        return ["nothing was dropped. Set entries to 0 at random while training."]
    if not mask.any():
        return ["everything was dropped."]
    scale = (out / x)[mask]
    named = {
        "the kept entries are not scaled: divide them by keep_prob": 1.0,
        "the kept entries are multiplied by keep_prob instead of divided": keep_prob,
        "the kept entries are divided by 1 - keep_prob instead of keep_prob": 1 / (1 - keep_prob),
        "the kept entries are multiplied by 1 - keep_prob": 1 - keep_prob,
        "the kept entries are divided by keep_prob twice": 1 / keep_prob**2,
        "the share of kept entries in this very mask is used instead of keep_prob": 1 / mask.mean(),
    }
    problems = []
    if np.abs(scale * keep_prob - 1).max() > rtol:
        said = [text for text, factor in named.items() if np.abs(scale / factor - 1).max() <= rtol]
        problems.append(f"out: {said[0] if said else 'kept entries are not feat / keep_prob'}.")
    share, sigma = mask.mean(), np.sqrt(keep_prob * (1 - keep_prob) / mask.size)
    for axis, what in ((0, "column"), (1, "row")):
        if mask.ndim == 2 and (mask == mask.take([0], axis=axis)).all():
            return [*problems, f"whole {what}s are dropped: draw one number for each entry."]
    if abs(share - keep_prob) > SIGMAS * sigma:
        other = abs(share - (1 - keep_prob)) <= SIGMAS * sigma
        hint = " keep_prob is the probability of keeping, not of dropping." if other else ""
        problems.append(f"{share:.1%} of the entries are kept, wanted about {keep_prob:.0%}.{hint}")
    return problems


def _seed_problems(answer, out):
    """Look at masks that must repeat with a seed, and must differ without."""
    again, follow, after = (answer.value(name) for name in ("again", "next", "after"))
    if not isinstance(again, np.ndarray) or not np.array_equal(out, again):
        return ["the same seed gives another mask. Draw from self.rng, not from np.random."]
    if isinstance(after, np.ndarray) and (np.array_equal(after, follow) or np.array_equal(after, out)):
        return ["two passes without a seed drop the same entries. Draw a new mask in each forward pass."]
    return []


def dropout_backward_problems(answer, inputs, rtol):
    """Look at the gradient of dropout, given the mask that its own forward pass showed."""
    out, dfeat, dout = answer.value("out"), answer.value("dfeat"), inputs["dout"]
    drops, keep_prob = _drops(inputs)
    if not drops:
        why = "at test time" if not inputs["training"] else f"with keep_prob {keep_prob:g}"
        found = compare("dfeat", dfeat, dout, rtol=rtol, image=False, hints=HINTS["dfeat"])
        if not found:
            return {"dfeat": []}
        stale = " Is it the mask of an earlier pass?" if inputs["before"] else ""
        return {"dfeat": [f"{why} dprev comes back as it is.{stale}", *found]}
    if not isinstance(out, np.ndarray) or out.shape != dout.shape:
        return {"dfeat": ["not looked at: the forward pass comes first."]}
    mask = out != 0
    want = np.where(mask, dout / keep_prob, 0.0)
    wrong = {
        "the slopes are not scaled: divide by keep_prob, as forward does": np.where(mask, dout, 0.0),
        "the slopes are multiplied by keep_prob": np.where(mask, dout * keep_prob, 0.0),
        "the slopes are divided by keep_prob twice (self.kept may hold the scale already)": np.where(
            mask, dout / keep_prob**2, 0.0
        ),
        "the mask is left out": dout,
        "the mask is left out and the slopes are scaled": dout / keep_prob,
        "the mask is turned round: slopes pass where the entry was kept": np.where(
            mask, 0.0, dout / keep_prob
        ),
        "the output is returned instead of the slopes": out,
    }
    found = compare("dfeat", dfeat, want, rtol=rtol, alternatives=wrong, image=False, hints=HINTS["dfeat"])
    told = not found or "comes out when" in found[0]
    if (
        not told
        and isinstance(dfeat, np.ndarray)
        and dfeat.shape == dout.shape
        and not (mask == (dfeat != 0)).all()
    ):
        found.insert(
            0, "dfeat: other entries are 0 than in the output. Use the mask of the forward pass again."
        )
    return {"dfeat": found}


def cross_entropy_forward_problems(answer, inputs, rtol):
    """Look at probabilities, loss, and whether they were kept for the way back."""
    x, y = inputs["x"], inputs["y"]
    want = {
        "softmax": formulas.probabilities(x),
        "loss": np.asarray(formulas.loss(x, y, bool(inputs["size_average"]))),
    }

    def wrong():
        return alternatives.cross_entropy_forward(inputs)

    found = array_problems(answer, want, wrong, rtol)
    got = answer.value("softmax")
    if (
        found["softmax"]
        and np.abs(x).max() > 100
        and isinstance(got, np.ndarray)
        and not np.isfinite(got).all()
    ):
        found["softmax"] = [
            "softmax: scores as large as these overflow. Subtract the largest score of each row before exp."
        ]
    logit = answer.value("logit")
    if logit is None or isinstance(logit, Other):
        return found | {"logit": [f"logit is {HINTS['logit']['missing']}."]}
    found["logit"] = []
    found["logit"] = []
    # beside a right loss anything may be kept; else the probabilities, or those of a mistake in softmax
    if found["loss"]:
        # nobody has to compute what is 1 or 0 everywhere
        usual = {said: p for said, p in wrong()["softmax"].items() if (p != p.flat[0]).any()}
        kept = compare("logit", logit, want["softmax"], rtol=rtol, alternatives=usual, image=False)
        found["logit"] = [] if explained(kept) else kept
    return found


def optimizer_wanted(inputs):
    """Run the right rule on a case: ``{"w.fc_w": (steps, …), "velocity.fc_w": …}``, and the wrong ones."""
    rule = RULES[int(inputs["kind"])]
    settings = {
        key: inputs[key].item()
        for key in ("lr", "weight_decay", "momentum", "decay", "beta1", "beta2", "eps", "t")
        if key in inputs
    }
    want, wrong = {}, {}
    for name in ("w1", "b1", "w2", "b2"):
        if name not in inputs:
            continue
        state = {key: inputs[f"{key}.{name}"] for key in KEPT[rule] if f"{key}.{name}" in inputs}
        given = inputs[name], inputs[f"d{name}"]
        for key, path in getattr(formulas, rule)(*given, **settings, **state).items():
            want[f"{key}.{name}"] = path
        for said, found in getattr(alternatives_optim, rule)(*given, **settings, **state).items():
            for key, path in found.items():
                wrong.setdefault(f"{key}.{name}", {})[said] = path
    return want, wrong


def optimizer_problems(answer, inputs, rtol):
    """Look at an update rule: ``params``, and ``state`` for what it keeps (velocity, cache, averages)."""
    rule = RULES[int(inputs["kind"])]
    want, wrong = optimizer_wanted(inputs)
    # what is kept comes first: a wrong average is the cause, the wrong parameter its effect
    found = ({"state": []} if KEPT[rule] else {}) | {"params": []}
    for name, path in want.items():
        key, _, parameter = name.partition(".")
        criterion, attribute = ("params", "parameter") if key == "w" else ("state", f"self.{key}")
        said = f"{attribute} of '{parameter}', step by step"
        got = answer.value(name)
        if got is None and key != "w":
            found["state"].append(f"self.{key} has no entry for '{parameter}': keep it there between steps.")
            continue
        if isinstance(got, np.ndarray) and got.shape != path.shape and got.shape == path.shape[1:]:
            said, path = f"{attribute} of '{parameter}'", path[-1]
            found[criterion].append(f"{said}: its shape changes from step to step.")
            continue
        found[criterion] += compare(said, got, path, rtol=rtol, alternatives=wrong.get(name, {}), image=False)
    return {criterion: problems[:3] for criterion, problems in found.items()}


def regularization_problems(answer, inputs, rtol):
    """Look at a penalty: the gradients of ``weights`` and ``biases``, and ``params``, which must not change."""
    factor = np.sign if int(inputs["kind"]) == 1 else lambda p: 2 * p
    lam = float(inputs["lam"])
    names = ("w1", "b1", "w2", "b2")
    want = {f"d{name}": inputs[f"d{name}"] + lam * factor(inputs[name]) for name in names}
    each = array_problems(answer, want, lambda: alternatives.regularization(inputs), rtol)
    weights, biases = each["dw1"] + each["dw2"], each["db1"] + each["db2"]
    plain = [answer.value(f"d{name}") for name in ("b1", "b2")]
    untouched = all(
        isinstance(got, np.ndarray) and np.array_equal(got, inputs[f"d{name}"])
        for got, name in zip(plain, ("b1", "b2"), strict=True)
    )
    if biases and untouched and not weights:
        biases = ["the gradients of the biases are as before. Here every parameter is penalized, biases too."]
    changed = [
        name
        for name in names
        if not isinstance(answer.value(name), np.ndarray)
        or not np.array_equal(answer.value(name), inputs[name])
    ]
    return {
        "weights": weights[:3],
        "biases": biases[:3],
        "params": [f"the parameters {', '.join(changed)} changed: only gradients do here."]
        if changed
        else [],
    }
