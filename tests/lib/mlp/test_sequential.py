"""The list of layers: names, assignment, gathering, regularization."""

import numpy as np
import pytest

from lib.errors import CallOrderError, ConfigError, ShapeError
from lib.mlp.layer_utils import fc, flatten, gelu, sequential


def two_layers():
    """Make a net with two fully connected layers."""
    return sequential(flatten(), fc(4, 3, 0.1, name="fc1"), gelu(), fc(3, 2, 0.1, name="fc2"))


def test_names_lead_to_layers():
    """Parameters and layers are found by name."""
    net = two_layers()
    assert list(net.params) == ["fc1_w", "fc1_b", "fc2_w", "fc2_b"]
    assert net.paramName2Indices == {"fc1_w": 1, "fc1_b": 1, "fc2_w": 3, "fc2_b": 3}
    assert net.layer_names == {"flatten": 0, "fc1": 1, "gelu": 2, "fc2": 3}
    assert net.grads == dict.fromkeys(net.params)


@pytest.mark.parametrize(
    ("layers", "match"),
    [
        ((gelu(), gelu()), "Existing name 'gelu': two layers .* give each layer its own"),
        (
            (
                fc(2, 2, name="a"),
                fc,
            ),
            "argument 1 is <class .*wanted a layer made with its settings",
        ),
        ((fc(2, 2), [gelu()]), "sequential: argument 1 is"),
    ],
    ids=["twice", "class", "list"],
)
def test_bad_lists_are_refused(layers, match):
    """The message says which argument, and starts as the course's did; it is a ValueError as well."""
    with pytest.raises(ConfigError, match=match) as caught:
        sequential(*layers)
    assert isinstance(caught.value, ValueError)


def test_assign_reaches_layer_and_net():
    """Nothing is stale after assign, and the value given stays the caller's."""
    net, value = two_layers(), np.ones((4, 3))
    net.assign("fc1_w", value)
    value[:] = 7
    for held in (net.layers[1].params["fc1_w"], net.params["fc1_w"], net.get_params("fc1_w")):
        np.testing.assert_array_equal(held, np.ones((4, 3)))


def test_assign_keeps_the_dtype_it_is_given():
    """A gradient check puts float64 into a float32 network; only integers are converted."""
    net = two_layers()
    net.astype(np.float32)
    assert all(value.dtype == np.float32 for value in net.params.values())
    net.assign("fc1_w", np.ones((4, 3)))
    net.assign("fc2_b", [1, 2])
    assert net.get_params("fc1_w").dtype == np.float64
    assert net.get_params("fc2_b").dtype == np.float32


def test_get_params_sees_what_a_layer_was_given():
    """Tests of the course write layer.params directly."""
    net = two_layers()
    net.layers[1].params["fc1_b"] = np.full(3, 5.0)
    np.testing.assert_array_equal(net.get_params("fc1_b"), np.full(3, 5.0))
    assert not net.params["fc1_b"].any()
    net.gather_params()
    np.testing.assert_array_equal(net.params["fc1_b"], np.full(3, 5.0))


def test_assign_refuses_names_and_shapes():
    """An unknown name lists the known ones, a wrong shape both shapes."""
    net = two_layers()
    with pytest.raises(
        ConfigError, match=r"no parameter is named 'fc3_w'. This network has: fc1_w, fc1_b, fc2_w"
    ):
        net.assign("fc3_w", np.ones(2))
    with pytest.raises(
        ShapeError, match=r"assign: the value for 'fc1_w' has shape \(3, 4\), the layer has \(4, 3\)"
    ):
        net.assign("fc1_w", np.ones((3, 4)))
    with pytest.raises(ConfigError, match="no parameter is named 'x'"):
        net.get_params("x")


def test_astype_refuses_integers():
    """Weights of whole numbers do not train."""
    with pytest.raises(ConfigError, match="dtype=int64 is not a float type"):
        two_layers().astype(np.int64)


@pytest.mark.parametrize(
    ("method", "want"),
    [
        ("apply_l1_regularization", lambda p, lam: lam * np.sign(p)),
        ("apply_l2_regularization", lambda p, lam: 2 * lam * p),
    ],
)
def test_regularization_adds_the_gradient_of_the_penalty(method, want):
    """Every parameter, biases too, gets the gradient of lam * sum |p| or lam * sum p**2."""
    net = two_layers()
    net.assign("fc1_b", [-1.0, 0.0, 2.0])
    for name, value in net.params.items():
        net.assign_grads(name, np.ones_like(value))
    getattr(net, method)(0.3)
    for name, value in net.params.items():
        np.testing.assert_allclose(net.grads[name], 1 + want(value, 0.3))
        np.testing.assert_allclose(net.get_grads(name), net.grads[name])


def test_regularization_needs_gradients():
    """Before a backward pass there is nothing to add to."""
    with pytest.raises(CallOrderError, match=r"no gradient for 'fc1_w'. Run the backward pass first"):
        two_layers().apply_l2_regularization(0.1)


def test_load_copies_what_it_knows(capsys):
    """Unknown names are passed over; each loaded one is printed."""
    net = two_layers()
    net.load({"fc1_b": np.ones(3), "other_w": np.ones(2)})
    np.testing.assert_array_equal(net.get_params("fc1_b"), np.ones(3))
    assert capsys.readouterr().out == "Loading Params: fc1_b Shape: (3,)\n"
