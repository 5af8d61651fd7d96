"""The update rules: against formulas written out by hand, state, call order, refusals."""

import numpy as np
import pytest

from lib.errors import CallOrderError, ConfigError, ShapeError
from lib.mlp.layer_utils import fc, gelu, sequential
from lib.optim import SGD, SGDM, Adam, Optimizer, RMSProp

W = np.linspace(-0.4, 0.6, num=20).reshape(4, 5)
DW = np.linspace(-0.6, 0.4, num=20).reshape(4, 5)


def net_with_one_gradient(w=W, dw=DW):
    """Make the net of the notebook's optimizer cells: one layer, of which only the weights count."""
    net = sequential(fc(4, 5, name="one"))
    net.layers[0].params = {"one_w": w.copy()}
    net.layers[0].grads = {"one_w": dw.copy()}
    return net


def two_layer_net(dtype=np.float64):
    """Make a net with two parameter layers and a gradient for each parameter."""
    rng = np.random.default_rng(0)
    net = sequential(fc(3, 4, 0.1, name="fc1"), gelu(), fc(4, 2, 0.1, name="fc2"))
    for name, value in list(net.params.items()):
        net.assign(name, rng.normal(size=value.shape).astype(dtype))
        net.assign_grads(name, rng.normal(size=value.shape).astype(dtype))
    return net


def test_sgd_moves_against_the_gradient():
    """P - lr * dp."""
    net = net_with_one_gradient()
    SGD(net, 1e-2).step()
    np.testing.assert_allclose(net.get_params("one_w"), W - 1e-2 * DW, rtol=1e-12)


@pytest.mark.parametrize("lr", [0.0, 1e-3, 1e-1])
@pytest.mark.parametrize("make", [SGD, Adam])
def test_weight_decay_is_not_multiplied_by_lr(make, lr):
    """The same fraction of p goes whatever the learning rate: decoupled decay."""
    plain, decayed = net_with_one_gradient(), net_with_one_gradient()
    make(plain, lr).step()
    make(decayed, lr, weight_decay=1e-2).step()
    taken = plain.get_params("one_w") - decayed.get_params("one_w")
    np.testing.assert_allclose(taken, 1e-2 * W, rtol=1e-9, atol=1e-15)


def test_weight_decay_equals_l2_in_plain_sgd():
    """The notebook's question: lr 0.01 and decay 1e-4 are L2 with lambda 0.005."""
    decayed, penalized = two_layer_net(), two_layer_net()
    SGD(decayed, 0.01, weight_decay=1e-4).step()
    penalized.apply_l2_regularization(0.005)
    SGD(penalized, 0.01).step()
    for name in decayed.params:
        np.testing.assert_allclose(decayed.params[name], penalized.params[name], rtol=1e-12)


def test_sgdm_rolls_on_with_its_velocity():
    """V = 0.9 v - lr dp, p + v; the velocity of the notebook's cell is given from outside."""
    net, velocity = net_with_one_gradient(), np.linspace(0.6, 0.9, num=20).reshape(4, 5)
    optimizer = SGDM(net, 1e-3, 0.9)
    optimizer.velocity = {"one_w": velocity}
    optimizer.step()
    np.testing.assert_allclose(optimizer.velocity["one_w"], 0.9 * velocity - 1e-3 * DW, rtol=1e-12)
    np.testing.assert_allclose(net.get_params("one_w"), W + 0.9 * velocity - 1e-3 * DW, rtol=1e-12)


def test_sgdm_without_momentum_is_sgd():
    """Three steps of both agree."""
    first, second = two_layer_net(), two_layer_net()
    for optimizer in (SGD(first, 0.1), SGDM(second, 0.1)):
        for _ in range(3):
            optimizer.step()
    for name in first.params:
        np.testing.assert_allclose(first.params[name], second.params[name], rtol=1e-12)


def test_rmsprop_divides_by_the_recent_size():
    """C = 0.99 c + 0.01 dp**2, p - lr dp / (sqrt(c) + eps)."""
    net, cache = net_with_one_gradient(), np.linspace(0.6, 0.9, num=20).reshape(4, 5)
    optimizer = RMSProp(net, 1e-2, decay=0.99)
    optimizer.cache = {"one_w": cache}
    optimizer.step()
    want = 0.99 * cache + 0.01 * DW**2
    np.testing.assert_allclose(optimizer.cache["one_w"], want, rtol=1e-12)
    np.testing.assert_allclose(net.get_params("one_w"), W - 1e-2 * DW / (np.sqrt(want) + 1e-8), rtol=1e-12)


def test_adam_in_the_middle_of_a_training():
    """The cell of the notebook: after five steps, with moments given; the step counts as the sixth."""
    net = net_with_one_gradient()
    m, v = (np.linspace(*ends, num=20).reshape(4, 5) for ends in ((0.6, 0.9), (0.7, 0.5)))
    optimizer = Adam(net, 1e-2, 0.9, 0.999, t=5)
    optimizer.mt, optimizer.vt = {"one_w": m}, {"one_w": v}
    optimizer.step()
    m, v = 0.9 * m + 0.1 * DW, 0.999 * v + 0.001 * DW**2
    step = 1e-2 * (m / (1 - 0.9**6)) / (np.sqrt(v / (1 - 0.999**6)) + 1e-8)
    np.testing.assert_allclose(net.get_params("one_w"), W - step, rtol=1e-12)
    np.testing.assert_allclose(optimizer.mt["one_w"], m, rtol=1e-12)
    np.testing.assert_allclose(optimizer.vt["one_w"], v, rtol=1e-12)
    assert optimizer.t == 6


def test_first_step_of_adam_has_the_length_lr():
    """Both corrections cancel: every parameter with a gradient moves by lr."""
    net = two_layer_net()
    before = {name: value.copy() for name, value in net.params.items()}
    Adam(net, 0.01).step()
    for name, value in before.items():
        np.testing.assert_allclose(np.abs(net.params[name] - value), 0.01, rtol=1e-5)


def test_adam_counts_a_step_once_for_all_layers():
    """A count per layer would correct the second layer too little."""
    net = two_layer_net()
    optimizer = Adam(net)
    optimizer.step()
    optimizer.step()
    assert optimizer.t == 2


@pytest.mark.parametrize("make", [SGD, SGDM, RMSProp, Adam])
def test_step_keeps_float32_and_changes_no_array_in_place(make):
    """Neither a float64 gradient nor the caller's arrays may be caught up in the update."""
    net = two_layer_net(np.float32)
    net.assign_grads("fc1_w", np.ones((3, 4)))
    held = net.get_params("fc1_w")
    before = held.copy()
    make(net, 0.1).step()
    assert {value.dtype for value in net.params.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(held, before)
    assert not np.array_equal(net.params["fc1_w"], before)


@pytest.mark.parametrize("make", [SGD, SGDM, RMSProp, Adam])
def test_step_needs_gradients(make):
    """Before the first backward pass nothing is changed or counted."""
    optimizer = make(sequential(fc(3, 4, name="fc1")))
    with pytest.raises(
        CallOrderError, match=r"model has no gradient for 'fc1_w'. Run the backward pass before step\(\)"
    ):
        optimizer.step()
    assert getattr(optimizer, "t", 0) == 0


def test_gradient_of_another_shape_is_refused():
    """It would be broadcast into a wrong update."""
    net = net_with_one_gradient(dw=DW[0])
    with pytest.raises(ShapeError, match=r"the gradient of 'one_w' has shape \(5,\), the parameter \(4, 5\)"):
        SGD(net).step()


@pytest.mark.parametrize("make", [SGD, lambda net: SGDM(net, 0.1, 0.9), RMSProp, Adam])
def test_state_goes_on_in_another_optimizer(make):
    """Two steps, a new object with the state, two more: as four steps at once."""
    straight, broken = two_layer_net(), two_layer_net()
    optimizer = make(straight)
    for _ in range(4):
        optimizer.step()
    first, second = make(broken), make(broken)
    for _ in range(2):
        first.step()
    second.load_state_dict(first.state_dict())
    for _ in range(2):
        second.step()
    for name, value in straight.params.items():
        np.testing.assert_array_equal(value, broken.params[name])


def test_state_is_a_copy_under_readable_names():
    """Later steps do not reach into a state that was taken before."""
    optimizer = Adam(net_with_one_gradient(), 0.5)
    optimizer.step()
    state = optimizer.state_dict()
    assert (state["lr"], state["t"]) == (0.5, 1)
    kept = state["mt.one_w"].copy()
    optimizer.mt["one_w"] += 1
    np.testing.assert_array_equal(state["mt.one_w"], kept)


def test_state_of_another_class_is_refused():
    """Momentum has no place in plain descent."""
    net = net_with_one_gradient()
    with pytest.raises(ConfigError, match="SGD: the state holds momentum, which is not known here"):
        SGD(net).load_state_dict(SGDM(net).state_dict())


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda net: SGD(net, -1), r"SGD: lr=-1 is outside \[0, infinity\)"),
        (lambda net: SGD(net, weight_decay=1), r"SGD: weight_decay=1 is outside \[0, 1\)"),
        (lambda net: SGDM(net, momentum=1.0), r"SGDM: momentum=1.0 is outside \[0, 1\)"),
        (lambda net: RMSProp(net, decay=2), r"RMSProp: decay=2 is outside"),
        (lambda net: Adam(net, beta2="0.9"), r"Adam: beta2='0.9' is outside"),
        (lambda net: Adam(net, float("nan")), r"Adam: lr=nan is outside"),
        (lambda net: Adam(object()), "Adam: net is of type object, wanted layers. Pass model.net."),
    ],
)
def test_settings_out_of_range_are_refused(make, match):
    """The message names rule, setting, value and range."""
    with pytest.raises(ConfigError, match=match):
        make(net_with_one_gradient())


def test_base_class_has_no_rule():
    """A rule of one's own overrides update."""
    with pytest.raises(NotImplementedError, match="Optimizer has no update rule"):
        Optimizer(net_with_one_gradient()).step()
