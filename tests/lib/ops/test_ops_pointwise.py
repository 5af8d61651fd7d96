"""Dense layer, activations, dropout, softmax and cross-entropy: values, gradients, refusal of bad input."""

import math

import numpy as np
import pytest

from lib.errors import ConfigError, ShapeError
from lib.ops import activations as activations_module
from lib.ops import (
    dense_backward,
    dense_forward,
    dropout_backward,
    dropout_forward,
    gelu_backward,
    gelu_forward,
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
    softmax,
    softmax_cross_entropy_backward,
    softmax_cross_entropy_forward,
)
from tests.lib.ops.loop_oracle import numeric_gradient, relative_error

ACTIVATIONS = [
    pytest.param(relu_forward, relu_backward, lambda v: max(v, 0.0), id="relu"),
    pytest.param(
        leaky_relu_forward, leaky_relu_backward, lambda v: v if v > 0 else 0.01 * v, id="leaky relu"
    ),
    pytest.param(
        gelu_forward,
        gelu_backward,
        lambda v: 0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))),
        id="gelu",
    ),
]
ACTIVATION_SHAPES = [(7,), (3, 4), (2, 3, 4, 5), (0, 3)]


def without_kink(shape):
    """Make random numbers that keep away from zero, where relu has no derivative."""
    x = np.random.default_rng(0).standard_normal(shape)
    return x + 0.1 * np.sign(x)


# ---- activations


@pytest.mark.parametrize("shape", ACTIVATION_SHAPES)
@pytest.mark.parametrize(("forward", "backward", "definition"), ACTIVATIONS)
def test_activation_matches_definition(forward, backward, definition, shape):
    """Each number is the definition of the number that came in."""
    x = without_kink(shape)
    want = np.array([definition(v) for v in x.ravel()]).reshape(shape)
    np.testing.assert_allclose(forward(x)[0], want, rtol=1e-13)


@pytest.mark.parametrize("shape", ACTIVATION_SHAPES)
@pytest.mark.parametrize(("forward", "backward", "definition"), ACTIVATIONS)
def test_activation_gradient_matches_numeric_gradient(forward, backward, definition, shape):
    """The gradient equals the one by central differences."""
    x = without_kink(shape)
    dout = np.random.default_rng(1).standard_normal(shape)
    got = backward(dout, forward(x)[1])
    assert relative_error(got, numeric_gradient(lambda v: forward(v)[0], x, dout)) < 1e-8


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("forward", "backward", "definition"), ACTIVATIONS)
def test_activation_keeps_dtype_and_inputs(forward, backward, definition, dtype):
    """Both passes keep the dtype and leave their inputs as they were."""
    x = without_kink((4, 5)).astype(dtype)
    before = x.copy()
    out, cache = forward(x)
    dout = out.copy()
    dx = backward(dout, cache)
    assert out.dtype == dx.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(dout, out)


@pytest.mark.parametrize(("forward", "backward", "definition"), ACTIVATIONS)
def test_activation_refuses_integers_and_wrong_gradients(forward, backward, definition):
    """Integers are refused forward, another shape backward."""
    with pytest.raises(ShapeError, match="x has dtype int64, wanted floating point"):
        forward(np.arange(3))
    with pytest.raises(ShapeError, match=r"dout has shape \(2,\), wanted \(3,\)"):
        backward(np.ones(2), forward(np.ones(3))[1])


def test_gelu_pieces_change_nothing(monkeypatch):
    """Arrays longer than a piece, not contiguous ones too, give the numbers of a whole one."""
    x = without_kink((6, 7)).T
    out, cache = gelu_forward(x)
    dx = gelu_backward(out, cache)
    monkeypatch.setattr(activations_module, "_PIECE", 5)
    out_pieces, cache = gelu_forward(x)
    np.testing.assert_array_equal(out_pieces, out)
    np.testing.assert_array_equal(gelu_backward(out, cache), dx)


def test_gelu_of_large_numbers_is_relu():
    """Far from zero nothing overflows."""
    with np.errstate(all="raise", under="ignore"):
        out, cache = gelu_forward(np.array([-1e4, 1e4], np.float32))
        dx = gelu_backward(np.ones(2, np.float32), cache)
    assert out.tolist() == [0, 1e4]
    assert dx.tolist() == [0, 1]


def test_leaky_relu_refuses_slopes_out_of_range():
    """The message names the range."""
    with pytest.raises(ConfigError, match=r"negative_slope=1.5 is outside \[0, 1\]"):
        leaky_relu_forward(np.ones(3), 1.5)


# ---- dense


def dense_batch(dtype=np.float64):
    """Make random features, weights and biases."""
    rng = np.random.default_rng(0)
    return tuple(rng.standard_normal(shape).astype(dtype) for shape in ((4, 5), (5, 3), (3,)))


def test_dense_forward_matches_definition():
    """Each output is the weighted sum of its row, plus the bias."""
    x, w, b = dense_batch()
    want = [[sum(x[n, d] * w[d, k] for d in range(5)) + b[k] for k in range(3)] for n in range(4)]
    np.testing.assert_allclose(dense_forward(x, w, b)[0], want, rtol=1e-12)


@pytest.mark.parametrize("name", ["x", "w", "b"])
def test_dense_backward_matches_numeric_gradient(name):
    """Each gradient equals the one by central differences."""
    inputs = dict(zip("xwb", dense_batch(), strict=True))
    out, cache = dense_forward(**inputs)
    dout = np.random.default_rng(1).standard_normal(out.shape)
    got = dict(zip("xwb", dense_backward(dout, cache), strict=True))[name]
    want = numeric_gradient(lambda _: dense_forward(**inputs)[0], inputs[name], dout)
    assert relative_error(got, want) < 1e-8


def test_dense_keeps_dtype_and_inputs():
    """Float32 stays float32, and the inputs are as they were."""
    inputs = dense_batch(np.float32)
    before = [value.copy() for value in inputs]
    out, cache = dense_forward(*inputs)
    assert {value.dtype for value in (out, *dense_backward(out, cache))} == {np.dtype(np.float32)}
    for value, old in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(value, old)


def test_dense_empty_batch_and_no_dx():
    """No rows give zero gradients; dx can be left out."""
    x, w, b = dense_batch()
    out, cache = dense_forward(x[:0], w, b)
    dx, dw, db = dense_backward(out, cache, need_dx=False)
    assert dx is None and out.shape == (0, 3) and not dw.any() and not db.any()


def test_dense_refuses_sizes_that_do_not_match():
    """The messages name both sizes."""
    x, w, b = dense_batch()
    with pytest.raises(ShapeError, match="dense: x has 4 features but w expects 5"):
        dense_forward(x[:, :4], w, b)
    with pytest.raises(ShapeError, match=r"dense: x has shape \(2, 2, 5\), wanted 2 axes \(N, D\)"):
        dense_forward(x.reshape(2, 2, 5), w, b)
    with pytest.raises(ShapeError, match=r"b has shape \(2,\), wanted \(3,\)"):
        dense_forward(x, w, b[:2])


# ---- dropout


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_keeps_the_right_share_and_the_mean(dtype):
    """About keep_prob of the units stay, each divided by keep_prob."""
    x = np.ones((100, 100), dtype)
    out, _ = dropout_forward(x, 0.3, rng=np.random.default_rng(0))
    assert out.dtype == np.dtype(dtype)
    assert set(np.unique(out)) == {0, dtype(1 / dtype(0.3))}
    # 10000 draws: five standard deviations are 0.023
    assert (out > 0).mean() == pytest.approx(0.3, abs=0.023)


def test_dropout_backward_uses_the_same_mask():
    """The gradient passes exactly where the unit was kept, with the same scale."""
    x = np.ones((5, 6))
    out, cache = dropout_forward(x, 0.5, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(dropout_backward(x, cache), out)


@pytest.mark.parametrize("settings", [{"keep_prob": 1}, {"keep_prob": 0.5, "training": False}])
def test_dropout_switched_off_copies(settings):
    """Nothing is dropped, nothing is drawn, and the result is not the input itself."""
    x = np.random.default_rng(0).standard_normal((3, 4))
    rng = np.random.default_rng(1)
    out, cache = dropout_forward(x, rng=rng, **settings)
    np.testing.assert_array_equal(out, x)
    np.testing.assert_array_equal(dropout_backward(x, cache), x)
    assert not np.shares_memory(out, x)
    assert rng.random() == np.random.default_rng(1).random()


@pytest.mark.parametrize("keep_prob", [0, -0.5, 1.5])
def test_dropout_refuses_probabilities_out_of_range(keep_prob):
    """The message says what keep_prob means and how to switch dropout off."""
    with pytest.raises(
        ConfigError, match=rf"keep_prob={keep_prob} is outside \(0, 1\].*to switch dropout off use 1"
    ):
        dropout_forward(np.ones(3), keep_prob, rng=np.random.default_rng(0))


# ---- softmax and cross-entropy


def test_softmax_sums_to_one_and_does_not_overflow():
    """Rows sum to one; a shift of all scores changes nothing, however large."""
    logits = np.random.default_rng(0).standard_normal((4, 3, 5))
    np.testing.assert_allclose(softmax(logits).sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_allclose(softmax(logits + 1e3), softmax(logits), rtol=1e-10)
    np.testing.assert_allclose(softmax(np.array([0.0, math.log(3)])), [0.25, 0.75], rtol=1e-14)


@pytest.mark.parametrize("size_average", [True, False])
def test_cross_entropy_gradient_matches_numeric_gradient(size_average):
    """The gradient, scaled by the one of the loss, equals the one by central differences."""
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((4, 5)), np.array([0, 4, 2, 2], np.uint8)

    def loss(values):
        return softmax_cross_entropy_forward(values, labels, size_average=size_average)[0]

    _, cache = softmax_cross_entropy_forward(logits, labels, size_average=size_average)
    got = softmax_cross_entropy_backward(2.0, cache)
    assert relative_error(got, numeric_gradient(loss, logits, 2.0)) < 1e-8


def test_cross_entropy_values():
    """Equal scores cost ln K each; a hopeless example costs its distance, not infinity."""
    loss, _ = softmax_cross_entropy_forward(np.zeros((3, 10)), np.array([1, 2, 3]), size_average=False)
    assert loss == pytest.approx(3 * math.log(10))
    loss, cache = softmax_cross_entropy_forward(np.array([[0.0, 5000.0]]), np.array([0]))
    assert loss == 5000
    assert softmax_cross_entropy_backward(1.0, cache).tolist() == [[-1, 1]]


def test_cross_entropy_keeps_dtype_and_inputs():
    """Float32 scores give a float32 gradient, and stay as they were."""
    logits = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    before = logits.copy()
    _, cache = softmax_cross_entropy_forward(logits, np.array([0, 1, 2, 0]))
    assert softmax_cross_entropy_backward(1.0, cache).dtype == np.float32
    np.testing.assert_array_equal(logits, before)


def test_cross_entropy_of_an_empty_batch_is_zero():
    """No examples cost nothing and have an empty gradient."""
    loss, cache = softmax_cross_entropy_forward(np.zeros((0, 3)), np.zeros(0, int))
    assert loss == 0
    assert softmax_cross_entropy_backward(1.0, cache).shape == (0, 3)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 3]), r"labels\[1\] is 3, wanted a class from 0 to 2"),
        (np.array([-1, 0]), r"labels\[0\] is -1, wanted a class from 0 to 2"),
        (np.array([0.0, 1.0]), r"dtype float64, wanted \(2,\) whole numbers"),
        (np.array([0]), r"labels has shape \(1,\)"),
        (np.array([[0, 1]]), r"labels has shape \(1, 2\)"),
    ],
)
def test_cross_entropy_refuses_labels_that_do_not_fit(labels, message):
    """The message names the label, or the shape and dtype, and what was wanted."""
    with pytest.raises(ShapeError, match=message):
        softmax_cross_entropy_forward(np.zeros((2, 3)), labels)


@pytest.mark.parametrize("call", [softmax, lambda z: softmax_cross_entropy_forward(z, np.zeros(2, int))])
def test_softmax_refuses_scores_without_classes(call):
    """No class at all is refused rather than an obscure error of NumPy."""
    with pytest.raises(ShapeError, match="at least one class"):
        call(np.zeros((2, 0)))
