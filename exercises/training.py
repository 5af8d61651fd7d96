"""How a trained network is judged: by its accuracy on images that no student has trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from exercises import Context, Exercise, Verdict
from lib.check.fresh import describe_error
from lib.check.job import CaseAnswer

#: Held-back images: enough for a standard error of about 0.5 % (real) and 0.8 % (sample).
NUM_REAL, NUM_SAMPLE = 5000, 2000
#: Fewer scored images than this say too little.
NUM_ENOUGH = 500
#: Seconds for scoring the held-back images, and what is left for starting and loading.
SCORING_SECONDS, STARTING_SECONDS = 300.0, 120.0

Draw = Callable[[np.random.Generator, Any, bool], tuple[np.ndarray, np.ndarray]]


def held_back_images(dataset: str) -> Draw:
    """Return a function that gives images and labels of a data set that no student has trained on.

    On real data they are drawn from the test split; on the sample they are new drawings from the secret seed.
    """

    def draw(rng: np.random.Generator, data_folder: Any, sample: bool) -> tuple[np.ndarray, np.ndarray]:
        from lib.datasets.sets import SETS

        if sample:
            return SETS[dataset].draw(NUM_SAMPLE, rng)
        images, labels = SETS[dataset].test_images(data_folder)
        chosen = rng.choice(len(images), size=min(NUM_REAL, len(images)), replace=False)
        return images[chosen], labels[chosen]

    return draw


def training_settings(_rng: np.random.Generator) -> list[dict[str, Any]]:
    """Say how the images are to be scored; the images themselves come from ``held_back_images``."""
    return [{"batch": np.array(100), "seconds": np.array(SCORING_SECONDS)}]


def training_exercise(
    dataset: str,
    *,
    probe: str,
    refuse: Callable[[CaseAnswer], str] | None = None,
    name: str = "training",
) -> Exercise:
    """Return the exercise "train a network to the target".

    Parameters
    ----------
    dataset : str
        A set of ``lib.datasets.sets``.
    probe : str
        Builds the student's network, loads ``model.npz`` into it, and returns ``scores`` (N, K) of the
        ``images`` (N, H, W, C) uint8 that it is given.
    refuse : function(answer) -> str, optional
        Says why a network does not count at all, e.g. too many layers; empty when nothing is wrong.
    name : str
    """

    def judge(got: Sequence[CaseAnswer], reference: Sequence[CaseAnswer], context: Context) -> Verdict:
        answer = got[0]
        if answer.error is not None:
            return Verdict(0.0, describe_error(answer.error))
        refused = refuse(answer) if refuse else ""
        return Verdict(0.0, refused) if refused else judge_scores(answer.value("scores"), dataset, context)

    return Exercise(
        name,
        source="model",
        probe=probe,
        cases=training_settings,
        judge=judge,
        held_back=held_back_images(dataset),
        timeout=SCORING_SECONDS + STARTING_SECONDS,
    )


def judge_scores(scores: Any, dataset: str, context: Context) -> Verdict:
    """Judge the scores of held-back images by their accuracy, linear between floor and target."""
    from lib.datasets.sets import SETS

    about, labels = SETS[dataset], context.labels
    assert labels is not None
    wanted = (len(labels), about.num_classes)
    if (
        not isinstance(scores, np.ndarray)
        or scores.ndim != 2
        or scores.shape[1] != about.num_classes
        or len(scores) > len(labels)
    ):
        return Verdict(0.0, f"the scores have shape {getattr(scores, 'shape', None)}, wanted {wanted}.")
    if len(scores) < min(NUM_ENOUGH, len(labels)):
        said = f"the network scored {len(scores)} images in {SCORING_SECONDS:g} s"
        return Verdict(0.0, f"{said}, at least {NUM_ENOUGH} are needed: build it of the fast layers.")
    if not np.isfinite(scores).all():
        return Verdict(
            0.0, "the scores are not finite: the weights in model.npz are no result of a training."
        )
    accuracy = float((scores.argmax(axis=1) == labels[: len(scores)]).mean())
    floor, target = context.settings["floor"], context.settings["target"]
    fraction = float(np.clip((accuracy - floor) / (target - floor), 0, 1))
    data = "drawn SAMPLE images" if context.sample else f"{about.title} test images"
    said = f"accuracy {accuracy:.1%} on {len(scores)} held-back {data}"
    return Verdict(fraction, f"{said}; points from {floor:.0%}, all at {target:.0%}")
