"""Softmax and cross-entropy: values by hand, gradient, stability, refusals."""

import numpy as np
import pytest

from lib.errors import CallOrderError, ShapeError
from lib.grad_check import eval_numerical_gradient, rel_error
from lib.mlp.losses import cross_entropy, softmax


def test_loss_of_equal_scores_is_the_log_of_the_classes():
    """Six classes, no preference: ln 6 = 1.792, the notebook's number."""
    scores = 0.001 * np.random.default_rng(0).normal(size=(50, 6))
    loss = cross_entropy().forward(scores, np.arange(50) % 6)
    assert loss == pytest.approx(1.792, abs=1e-3)


def test_loss_by_hand():
    """Probabilities 3/4 and 1/4: the mean of -ln of each."""
    scores = np.log(np.array([[3.0, 1.0], [3.0, 1.0]]))
    labels = np.array([0, 1])
    want = -(np.log(0.75) + np.log(0.25))
    assert cross_entropy().forward(scores, labels) == pytest.approx(want / 2)
    assert cross_entropy(size_average=False).forward(scores, labels) == pytest.approx(want)


@pytest.mark.parametrize("size_average", [True, False])
def test_backward_matches_numeric_gradient(size_average):
    """The gradient of the scores agrees with central differences."""
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(5, 4)), rng.integers(4, size=5)
    loss_func = cross_entropy(size_average)
    numeric = eval_numerical_gradient(lambda x: loss_func.forward(x, labels), scores, verbose=False)
    loss_func.forward(scores, labels)
    assert rel_error(numeric, loss_func.backward()) < 1e-7


def test_huge_scores_stay_finite():
    """exp(10000) overflows; the loss is the distance to the largest score all the same."""
    loss = cross_entropy().forward(np.array([[0.0, 10000.0]]), np.array([0]))
    assert loss == pytest.approx(10000)


def test_softmax_works_along_the_last_axis():
    """Rows of any stack sum to one, and adding a constant changes nothing."""
    feat = np.random.default_rng(0).normal(size=(2, 3, 4))
    np.testing.assert_allclose(softmax(feat).sum(axis=-1), np.ones((2, 3)))
    np.testing.assert_allclose(softmax(feat + 1000), softmax(feat), rtol=1e-10)


def test_keeps_float32():
    """float32 scores give a float32 gradient and a plain float as loss."""
    loss_func = cross_entropy()
    assert type(loss_func.forward(np.zeros((2, 3), np.float32), np.array([0, 1], np.uint8))) is float
    assert loss_func.backward().dtype == np.float32


def test_backward_needs_forward():
    """Each backward pass uses its forward pass up."""
    loss_func = cross_entropy()
    with pytest.raises(CallOrderError, match="cross_entropy: backward called before forward"):
        loss_func.backward()
    loss_func.forward(np.zeros((2, 3)), np.array([0, 1]))
    loss_func.backward()
    with pytest.raises(CallOrderError, match="backward called before forward"):
        loss_func.backward()


@pytest.mark.parametrize(
    ("feat", "label", "match"),
    [
        (np.zeros((2, 3, 1)), np.array([0, 1]), r"feat has shape \(2, 3, 1\), wanted \(N, K\)"),
        (np.zeros((2, 3)), np.array([0.0, 1.0]), "label is float64, wanted an array of integers"),
        (np.zeros((2, 3)), [0, 1], "label is list, wanted an array of integers"),
        (np.zeros((2, 3)), np.array([[0], [1]]), r"label has shape \(2, 1\), wanted \(2,\)"),
        (
            np.zeros((2, 3)),
            np.array([0, 3]),
            "label holds classes 0 to 3, but feat has 3 columns: classes 0 to 2",
        ),
        (np.zeros((2, 3)), np.array([-1, 0]), "label holds classes -1 to 0"),
        (np.zeros((0, 3)), np.array([], int), "the batch is empty"),
    ],
    ids=["rank", "float labels", "list", "column", "too high", "negative", "empty"],
)
def test_what_does_not_fit_is_refused(feat, label, match):
    """Scores and labels are checked against each other."""
    with pytest.raises(ShapeError, match=match):
        cross_entropy().forward(feat, label)
