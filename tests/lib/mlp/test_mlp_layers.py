"""The layers of Problem 1: the notebooks' numbers, gradients, dtypes, call order, refusals."""

import numpy as np
import pytest

from lib.errors import CallOrderError, ConfigError, ShapeError
from lib.grad_check import eval_numerical_gradient_array, rel_error
from lib.mlp import layer_utils
from lib.mlp.layer_utils import dropout, fc, flatten, gelu, leaky_relu, relu, reset_seed

FC_TABLE = np.array(
    [
        [0.63910291, 0.83740057, 1.03569824, 1.23399591],
        [0.61401587, 0.82903823, 1.04406058, 1.25908294],
        [0.58892884, 0.82067589, 1.05242293, 1.28416997],
    ]
)


def fc_of_the_notebook():
    """Make the layer and the batch of the notebook's table: 3 samples of 168 numbers, 4 outputs."""
    layer = fc(168, 4, init_scale=2e-2, name="fc_test")
    layer.params["fc_test_w"] = np.linspace(-0.2, 0.2, num=168 * 4).reshape(168, 4)
    layer.params["fc_test_b"] = np.linspace(-0.3, 0.3, num=4)
    feat = np.linspace(-0.1, 0.4, num=3 * 168).reshape(3, 168)
    return layer, feat


def in_float64(layer, feat, **kwargs):
    """Compare backward with numeric gradients for input and parameters; return the largest error."""
    rng = np.random.default_rng(5)
    dout = rng.normal(size=layer.forward(feat, **kwargs).shape)
    dfeat = layer.backward(dout)
    grads = {name: value.copy() for name, value in layer.grads.items()}
    errors = [
        rel_error(dfeat, eval_numerical_gradient_array(lambda x: layer.forward(x, **kwargs), feat, dout))
    ]
    for name, grad in grads.items():
        numeric = eval_numerical_gradient_array(
            lambda _: layer.forward(feat, **kwargs), layer.params[name], dout
        )
        errors.append(rel_error(grad, numeric))
    return max(errors)


def test_fc_forward_gives_the_table_of_the_notebook():
    """The printed table has eight digits, so a right answer is 1e-8 away."""
    layer, feat = fc_of_the_notebook()
    np.testing.assert_allclose(layer.forward(feat), FC_TABLE, atol=1e-8)


def test_gelu_forward_gives_the_ends_of_the_notebook():
    """The first and the last entry of gelu on twelve numbers from -1.5 to 1.5."""
    out = gelu().forward(np.linspace(-1.5, 1.5, num=12).reshape(3, 4))
    np.testing.assert_allclose([out[0, 0], out[-1, -1]], [-0.10042842, 1.39957158], atol=1e-8)


def test_gelu_equals_the_formula():
    """The rewritten, in-place form is the tanh formula, also far out."""
    x = np.linspace(-30, 30, 601)
    want = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    np.testing.assert_allclose(gelu().forward(x), want, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("layer", "want"),
    [(leaky_relu(0.1), [-0.2, 0.0, 3.0]), (relu(), [0.0, 0.0, 3.0])],
    ids=["leaky", "relu"],
)
def test_rectifiers_by_hand(layer, want):
    """Negative entries are scaled or cut, positive ones stay."""
    np.testing.assert_allclose(layer.forward(np.array([-2.0, 0.0, 3.0])), want)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (flatten(), (3, 2, 4, 1)),
        (fc(6, 5, 0.5), (4, 6)),
        (fc(1, 1, 0.5), (1, 1)),
        (relu(), (3, 7)),
        (leaky_relu(0.2), (3, 2, 2)),
        (gelu(), (2, 3, 2, 2)),
    ],
    ids=["flatten", "fc", "fc-1x1", "relu", "leaky-relu", "gelu"],
)
def test_backward_matches_numeric_gradient(layer, shape):
    """Every gradient agrees with central differences in float64."""
    feat = np.random.default_rng(1).normal(size=shape) + 0.01
    assert in_float64(layer, feat) < 1e-6


@pytest.mark.parametrize("keep_prob", [0, 0.3, 0.9, 1])
def test_dropout_backward_matches_numeric_gradient(keep_prob):
    """With a seed the mask is repeatable, so dropout can be checked like any layer."""
    feat = np.random.default_rng(1).normal(size=(4, 5))
    assert in_float64(dropout(keep_prob), feat, seed=3) < 1e-8


@pytest.mark.parametrize("layer", [fc(6, 5), relu(), leaky_relu(), gelu(), dropout(0.5), flatten()])
def test_keeps_float32(layer):
    """A float32 batch through float32 parameters stays float32 in both directions."""
    layer.params = {name: value.astype(np.float32) for name, value in layer.params.items()}
    out = layer.forward(np.ones((3, 6), np.float32))
    assert out.dtype == np.float32
    assert layer.backward(out).dtype == np.float32
    assert all(grad.dtype == np.float32 for grad in layer.grads.values())


@pytest.mark.parametrize("layer", [fc(6, 5), relu(), leaky_relu(), gelu(), dropout(0.5), flatten()])
def test_inputs_are_not_modified(layer):
    """Neither the batch nor the upstream gradient changes."""
    feat = np.random.default_rng(0).normal(size=(3, 6))
    before = feat.copy()
    out = layer.forward(feat)
    dprev = np.random.default_rng(1).normal(size=out.shape)
    upstream = dprev.copy()
    layer.backward(dprev)
    np.testing.assert_array_equal(feat, before)
    np.testing.assert_array_equal(dprev, upstream)


@pytest.mark.parametrize("layer", [fc(6, 5), relu(), leaky_relu(), gelu(), dropout(0.5), flatten()])
def test_empty_batch_passes(layer):
    """No samples in, no samples out."""
    out = layer.forward(np.zeros((0, 6)))
    assert len(out) == 0
    assert layer.backward(out).shape == (0, 6)


@pytest.mark.parametrize("layer", [fc(6, 5), relu(), leaky_relu(), gelu(), dropout(0.5), flatten()])
def test_backward_needs_its_own_forward(layer):
    """Before the first forward pass, and after each backward pass, backward refuses and names the layer."""
    match = f"layer '{layer.name}': backward called before forward. Call forward on the same batch first."
    layer.meta = None
    with pytest.raises(CallOrderError, match=match):
        layer.backward(np.zeros((3, 6)))
    layer.backward(layer.forward(np.ones((3, 6))))
    with pytest.raises(CallOrderError, match=match):
        layer.backward(np.zeros((3, 6)))


@pytest.mark.parametrize("layer", [fc(6, 5), relu(), leaky_relu(), gelu(), dropout(0.5), flatten()])
def test_gradient_of_another_shape_is_refused(layer):
    """The message holds both shapes."""
    shape = layer.forward(np.ones((3, 6))).shape
    with pytest.raises(
        ShapeError, match=rf"dprev has shape \(2, 2\), forward produced \({shape[0]}, {shape[1]}\)"
    ):
        layer.backward(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("feat", "match"),
    [
        (
            np.zeros((2, 3, 4)),
            r"feat has shape \(2, 3, 4\), wanted \(N, 6\). Put a flatten layer in front of it.",
        ),
        (np.zeros((2, 5)), r"layer 'fc': feat has shape \(2, 5\), wanted \(N, 6\)."),
        (np.zeros((2, 6), np.uint8), r"feat has dtype uint8, wanted floats. Use feat.astype\(np.float32\)."),
        (None, "feat is None, wanted a NumPy array of floats."),
        ([[1.0] * 6], "feat is a list, wanted a NumPy array of floats."),
    ],
    ids=["rank", "width", "dtype", "none", "list"],
)
def test_fc_refuses_what_does_not_fit(feat, match):
    """Rank, width, dtype and type are named."""
    with pytest.raises(ShapeError, match=match):
        fc(6, 5).forward(feat)


def test_flatten_refuses_a_single_axis():
    """Without an axis for samples there is nothing to keep."""
    with pytest.raises(ShapeError, match="wanted at least two axes, samples first"):
        flatten().forward(np.zeros(3))


def test_fc_draws_its_weights_from_the_global_generator():
    """The notebook's seed decides the weights; biases are zero."""
    reset_seed(1)
    layer = fc(200, 100, 0.02, name="one")
    reset_seed(1)
    np.testing.assert_array_equal(layer.params["one_w"], 0.02 * np.random.randn(200, 100))
    assert not layer.params["one_b"].any()
    assert layer.grads == {"one_w": None, "one_b": None}


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: fc(0, 5, name="a"), "layer 'a': input_dim=0 is not a whole number of at least 1"),
        (lambda: fc(5, 2.5, name="a"), "layer 'a': output_dim=2.5 is not a whole number"),
        (lambda: fc(5, 5, -1, name="a"), "layer 'a': init_scale=-1 is not a number at least 0"),
        (lambda: leaky_relu(-1), "negative_slope=-1 is not a number from 0 to 1"),
        (lambda: dropout(1.5), "keep_prob=1.5 is not a number from 0 to 1. .* 0 or 1: no dropout"),
        (lambda: dropout(-0.1), "keep_prob=-0.1 is not a number from 0 to 1"),
        (lambda: dropout(None), "keep_prob=None is not a number"),
    ],
)
def test_settings_out_of_range_are_refused(make, match):
    """The message names the setting, its value and its range."""
    with pytest.raises(ConfigError, match=match):
        make()


@pytest.mark.parametrize("keep_prob", [0, 1, 0.0, 1.0])
def test_dropout_off_returns_the_input(keep_prob):
    """Both 0 and 1 mean no dropout."""
    layer, feat = dropout(keep_prob), np.ones((3, 4))
    assert layer.forward(feat) is feat
    assert layer.kept is None


def test_dropout_at_test_time_returns_the_input():
    """Nothing is dropped and nothing scaled."""
    feat = np.ones((3, 4))
    assert dropout(0.5).forward(feat, is_training=False) is feat


@pytest.mark.parametrize("keep_prob", [0.25, 0.5, 0.75])
def test_dropout_keeps_the_mean(keep_prob):
    """About keep_prob of the entries stay, scaled so that the mean does."""
    layer = dropout(keep_prob, seed=0)
    out = layer.forward(np.full((500, 500), 10.0))
    assert abs(out.mean() - 10) < 0.1
    assert abs((out != 0).mean() - keep_prob) < 0.01
    assert np.array_equal(layer.kept, out != 0)


def test_dropout_seed_repeats_the_mask():
    """The same seed, given to forward or to the layer, gives the same mask; going on gives another."""
    feat = np.ones((20, 20))
    layer = dropout(0.5, seed=4)
    first = layer.forward(feat)
    assert not np.array_equal(layer.forward(feat), first)
    np.testing.assert_array_equal(layer.forward(feat, True, 4), first)


def test_star_import_brings_what_old_files_expect():
    """Files that a student of the course wrote say ``from lib.mlp.layer_utils import *``."""
    names = {"np", "sequential", "flatten", "fc", "relu", "leaky_relu", "gelu", "dropout"}
    assert names | {"cross_entropy", "softmax", "reset_seed"} <= set(vars(layer_utils))
    assert not hasattr(layer_utils, "__all__")
