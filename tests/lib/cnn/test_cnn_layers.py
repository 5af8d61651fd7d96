"""Convolution and max pooling as layers: the students' classes and the fast ones, against the kernels."""

import doctest

import numpy as np
import pytest

import lib.cnn.fast_layers
import lib.cnn.layer_utils
import lib.mlp.layer_utils
from lib.cnn.fast_layers import FastConvLayer2D, FastMaxPoolingLayer
from lib.cnn.layer_utils import ConvLayer2D, MaxPoolingLayer
from lib.errors import CallOrderError, ConfigError, ShapeError
from lib.ops import conv2d_backward, conv2d_forward, max_pool2d_backward, max_pool2d_forward
from tests.lib.ops.loop_oracle import distinct, numeric_gradient, relative_error

CONVS = [pytest.param(ConvLayer2D, id="student"), pytest.param(FastConvLayer2D, id="fast")]
POOLS = [pytest.param(MaxPoolingLayer, id="student"), pytest.param(FastMaxPoolingLayer, id="fast")]

# images (N, H, W, C), kernel_size, number_filters, stride, padding
CONV_SHAPES = [
    pytest.param((2, 5, 5, 3), 3, 4, 1, 1, id="square"),
    pytest.param((15, 8, 8, 3), 4, 12, 2, 1, id="seed 0"),
    pytest.param((3, 7, 7, 2), 3, 3, 2, 0, id="odd"),
    pytest.param((2, 6, 9, 2), 3, 2, 1, 0, id="wide"),
    pytest.param((2, 8, 7, 2), 3, 2, 3, 0, id="remainder in both axes"),
    pytest.param((2, 4, 4, 3), 1, 5, 1, 0, id="1x1 kernel"),
    pytest.param((2, 5, 5, 1), 3, 1, 1, 2, id="one channel, one filter"),
    pytest.param((2, 4, 4, 2), 4, 3, 1, 0, id="kernel as large as the image"),
    pytest.param((2, 2, 2, 2), 3, 2, 1, 1, id="kernel larger than the unpadded image"),
    pytest.param((0, 5, 5, 2), 3, 2, 1, 1, id="no images"),
]
# images (N, H, W, C), pool_size, stride
POOL_SHAPES = [
    pytest.param((2, 4, 4, 3), 2, 2, id="tiling"),
    pytest.param((15, 8, 8, 3), 4, 2, id="seed 0"),
    pytest.param((2, 7, 7, 2), 3, 1, id="overlapping by two"),
    pytest.param((2, 7, 9, 2), 2, 2, id="remainder, wide"),
    pytest.param((2, 9, 8, 2), 2, 3, id="gaps"),
    pytest.param((2, 4, 4, 3), 1, 1, id="1x1 window"),
    pytest.param((2, 5, 5, 1), 5, 1, id="window as large as the image"),
    pytest.param((0, 4, 4, 2), 2, 2, id="no images"),
]


def filled_conv(cls, shape, kernel_size, filters, stride=1, padding=0, dtype=np.float64):
    """Make a layer with random parameters, and images for it."""
    rng = np.random.default_rng(0)
    layer = cls(shape[3], kernel_size, filters, stride=stride, padding=padding, name="conv_test")
    for name, value in layer.params.items():
        layer.params[name] = rng.standard_normal(value.shape).astype(dtype)
    return layer, rng.standard_normal(shape).astype(dtype)


def seed0_error(got, want):
    """Return the relative error as the course's notebooks print it."""
    return np.max(np.abs(got - want) / np.maximum(1e-8, np.abs(got) + np.abs(want)))


# ---- convolution


@pytest.mark.parametrize("cls", CONVS)
@pytest.mark.parametrize(("shape", "kernel_size", "filters", "stride", "padding"), CONV_SHAPES)
def test_conv_equals_the_kernel(cls, shape, kernel_size, filters, stride, padding):
    """Output and all gradients equal those of lib.ops, and the predicted size is the real one."""
    layer, img = filled_conv(cls, shape, kernel_size, filters, stride, padding)
    w, b = layer.params["conv_test_w"], layer.params["conv_test_b"]
    out, cache = conv2d_forward(img, w, b, stride=stride, pad=padding)
    dout = np.random.default_rng(1).standard_normal(out.shape)
    dx, dw, db = conv2d_backward(dout, cache)

    assert layer.get_output_size(shape) == list(out.shape)
    np.testing.assert_allclose(layer.forward(img), out, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(layer.backward(dout), dx, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(layer.grads["conv_test_w"], dw, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(layer.grads["conv_test_b"], db, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("cls", CONVS)
def test_conv_gradients_match_numeric_gradients(cls):
    """The gradients equal those by central differences through the layer's own forward."""
    layer, img = filled_conv(cls, (2, 5, 6, 2), 3, 2, stride=2, padding=1)
    dout = np.random.default_rng(1).standard_normal(layer.forward(img).shape)
    got = {"img": layer.backward(dout), **layer.grads}
    values = {"img": img, **layer.params}
    for name, value in values.items():
        want = numeric_gradient(lambda _: layer.forward(img), value, dout)
        assert relative_error(got[name], want) < 1e-7, name


@pytest.mark.parametrize("cls", CONVS)
def test_conv_reproduces_the_numbers_of_seed_0(cls):
    """The notebook's table is met with exactly the difference that the course's solution shows."""
    layer = cls(1, 5, 2, stride=1, padding=0, name="conv_test")
    layer.params[layer.w_name] = np.linspace(-0.2, 0.2, num=50).reshape(5, 5, 1, 2)
    layer.params[layer.b_name] = np.linspace(-0.3, 0.3, num=2)
    out = layer.forward(np.linspace(-0.1, 0.4, num=64).reshape(1, 8, 8, 1))
    first = [-0.03874312, -0.03955296, -0.04036281, -0.04117266, -0.0452219, -0.04603175, -0.04684159]
    first += [-0.04765144, -0.05170068, -0.05251053, -0.05332038, -0.05413022, -0.05817946, -0.05898931]
    first += [-0.05979916, -0.06060901]
    second = [0.57000324, 0.57081309, 0.57162293, 0.57243278, 0.57648202, 0.57729187, 0.57810172, 0.57891156]
    second += [0.5829608, 0.58377065, 0.5845805, 0.58539035, 0.58943959, 0.59024943, 0.59105928, 0.59186913]
    printed = np.stack([first, second], axis=-1).reshape(1, 4, 4, 2)
    assert seed0_error(out, printed) == pytest.approx(5.110565335399418e-08, abs=1e-12)


@pytest.mark.parametrize("cls", CONVS)
def test_conv_attributes_and_first_parameters(cls):
    """Names, shapes and first values are those of the course; one seed fixes the weights."""
    np.random.seed(7)
    layer = cls(3, 5, 40, 2, 1, 0.5, "first")
    names = (
        "input_channels",
        "kernel_size",
        "number_filters",
        "stride",
        "padding",
        "name",
        "w_name",
        "b_name",
    )
    values = (3, 5, 40, 2, 1, "first", "first_w", "first_b")
    assert tuple(getattr(layer, name) for name in names) == values
    assert layer.params["first_w"].shape == (5, 5, 3, 40)
    # 3000 draws: five standard deviations of the estimate are 0.033
    assert layer.params["first_w"].std() == pytest.approx(0.5, abs=0.033)
    assert layer.params["first_b"].tolist() == [0] * 40
    assert layer.grads == {"first_w": None, "first_b": None} and layer.meta is None
    np.random.seed(7)
    np.testing.assert_array_equal(cls(3, 5, 40, init_scale=0.5).params["conv_w"], layer.params["first_w"])


@pytest.mark.parametrize("cls", CONVS)
def test_output_size_is_the_list_of_seed_0(cls):
    """The notebook's example, as a list, from a tuple and from a list."""
    layer = cls(3, 4, 16, stride=2, padding=3)
    assert layer.get_output_size((32, 28, 28, 3)) == [32, 16, 16, 16]
    assert layer.get_output_size([32, 28, 28, 3]) == [32, 16, 16, 16]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cls", CONVS)
def test_conv_keeps_dtype_and_inputs(cls, dtype):
    """Everything stays in the dtype of images and parameters, and no input is modified."""
    layer, img = filled_conv(cls, (2, 5, 5, 2), 3, 2, padding=1, dtype=dtype)
    before = img.copy()
    out = layer.forward(img)
    dout = out.copy()
    dimg = layer.backward(dout)
    assert {array.dtype for array in (out, dimg, *layer.grads.values())} == {np.dtype(dtype)}
    np.testing.assert_array_equal(img, before)
    np.testing.assert_array_equal(dout, out)


def test_fast_conv_can_leave_dx_out():
    """Without dx the parameters' gradients are the same, and dx is not a number that could be used."""
    layer, img = filled_conv(FastConvLayer2D, (2, 5, 5, 2), 3, 2)
    out = layer.forward(img)
    layer.backward(out)
    want = dict(layer.grads)
    layer.need_dx = False
    layer.forward(img)
    dimg = layer.backward(out)
    assert dimg.shape == img.shape and np.isnan(dimg).all()
    for name, gradient in layer.grads.items():
        np.testing.assert_array_equal(gradient, want[name])


# ---- max pooling


@pytest.mark.parametrize("cls", POOLS)
@pytest.mark.parametrize("levels", [3, 1000], ids=["many ties", "few ties"])
@pytest.mark.parametrize(("shape", "pool_size", "stride"), POOL_SHAPES)
def test_pool_equals_the_kernel(cls, shape, pool_size, stride, levels):
    """Output and gradient equal those of lib.ops, on ties too."""
    rng = np.random.default_rng(0)
    img = rng.integers(-levels, levels, shape).astype(float)
    out, cache = max_pool2d_forward(img, (pool_size, pool_size), stride=stride)
    dout = rng.integers(-9, 9, out.shape).astype(float)
    layer = cls(pool_size, stride, "pool_test")
    np.testing.assert_array_equal(layer.forward(img), out)
    np.testing.assert_array_equal(layer.backward(dout), max_pool2d_backward(dout, cache))


@pytest.mark.parametrize("cls", POOLS)
def test_pool_gradient_matches_numeric_gradient(cls):
    """The gradient equals the one by central differences through the layer's own forward."""
    rng = np.random.default_rng(0)
    img = distinct(rng, (3, 8, 8, 2))
    layer = cls(pool_size=4, stride=2, name="pool_test")
    dout = rng.standard_normal(layer.forward(img).shape)
    dimg = layer.backward(dout)
    assert relative_error(dimg, numeric_gradient(layer.forward, img, dout)) < 1e-7


@pytest.mark.parametrize("cls", POOLS)
def test_pool_reproduces_the_numbers_of_seed_0(cls):
    """The notebook's table is met with exactly the difference that the course's solution shows."""
    out = cls(pool_size=4, stride=2, name="pool_test").forward(
        np.linspace(-0.1, 0.4, num=64).reshape(1, 8, 8, 1)
    )
    printed = [0.11428571, 0.13015873, 0.14603175, 0.24126984, 0.25714286, 0.27301587]
    printed = np.array([*printed, 0.36825397, 0.38412698, 0.4]).reshape(1, 3, 3, 1)
    assert seed0_error(out, printed) == pytest.approx(1.8750000280978013e-08, abs=1e-12)


@pytest.mark.parametrize("cls", POOLS)
def test_pool_attributes(cls):
    """There is nothing to learn, and the settings can be read back."""
    layer = cls(3, 2, "pool_test")
    assert (layer.pool_size, layer.stride, layer.name) == (3, 2, "pool_test")
    assert layer.params == layer.grads == {} and layer.meta is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cls", POOLS)
def test_pool_keeps_dtype_and_inputs(cls, dtype):
    """Everything stays in the dtype of the images, and no input is modified."""
    img = np.random.default_rng(0).standard_normal((2, 5, 5, 2)).astype(dtype)
    before = img.copy()
    layer = cls(3, 1, "pool_test")
    out = layer.forward(img)
    dout = out.copy()
    assert out.dtype == layer.backward(dout).dtype == np.dtype(dtype)
    np.testing.assert_array_equal(img, before)
    np.testing.assert_array_equal(dout, out)


# ---- refusals


@pytest.mark.parametrize("layer", [ConvLayer2D(2, 3, 2), FastConvLayer2D(2, 3, 2)], ids=["student", "fast"])
@pytest.mark.parametrize(
    ("img", "message"),
    [
        pytest.param(np.zeros((4, 4, 2)), r"has shape \(4, 4, 2\), wanted .*N, H, W, C", id="rank"),
        pytest.param([[1.0]], "list", id="list"),
        pytest.param(np.zeros((1, 4, 4, 2), np.uint8), "has dtype uint8, wanted float", id="integers"),
        pytest.param(np.zeros((1, 4, 4, 3)), r"has 3 channels on its last axis but", id="channels"),
        pytest.param(np.zeros((1, 2, 4, 2)), "a 3x3 window does not fit a 2x4 image", id="window"),
    ],
)
def test_conv_refuses_images_that_do_not_fit(layer, img, message):
    """The message names the layer, what came and what was wanted."""
    with pytest.raises(ShapeError, match="layer 'conv': .*" + message):
        layer.forward(img)


@pytest.mark.parametrize("cls", POOLS)
@pytest.mark.parametrize(
    ("img", "message"),
    [
        pytest.param(np.zeros((4, 4)), r"has shape \(4, 4\), wanted .*N, H, W, C", id="rank"),
        pytest.param(np.zeros((1, 4, 4, 2), int), "has dtype int64, wanted float", id="integers"),
        pytest.param(np.zeros((1, 4, 2, 2)), "a 3x3 window does not fit a 4x2 image", id="window"),
    ],
)
def test_pool_refuses_images_that_do_not_fit(cls, img, message):
    """The message names the layer, what came and what was wanted."""
    with pytest.raises(ShapeError, match="layer 'pool_test': .*" + message):
        cls(3, 1, "pool_test").forward(img)


LAYERS = [
    pytest.param(lambda: ConvLayer2D(2, 3, 2, name="one"), id="student conv"),
    pytest.param(lambda: FastConvLayer2D(2, 3, 2, name="one"), id="fast conv"),
    pytest.param(lambda: MaxPoolingLayer(3, 1, "one"), id="student pool"),
    pytest.param(lambda: FastMaxPoolingLayer(3, 1, "one"), id="fast pool"),
]


@pytest.mark.parametrize("make", LAYERS)
def test_backward_needs_a_forward_of_its_own(make):
    """Backward before forward, and a second backward, are refused by name."""
    layer = make()
    dout = np.ones((1, 2, 2, 2))
    with pytest.raises(CallOrderError, match="layer 'one': backward called before forward"):
        layer.backward(dout)
    layer.forward(np.ones((1, 4, 4, 2)))
    assert layer.meta is not None
    layer.backward(dout)
    assert layer.meta is None
    with pytest.raises(CallOrderError, match="layer 'one'"):
        layer.backward(dout)


@pytest.mark.parametrize("make", LAYERS)
def test_backward_refuses_a_gradient_of_another_shape(make):
    """The message gives both shapes, and a right gradient is still accepted afterwards."""
    layer = make()
    layer.forward(np.ones((1, 4, 4, 2)))
    with pytest.raises(ShapeError, match=r"layer 'one': .*has shape \(1, 1, 2, 2\).*\(1, 2, 2, 2\)"):
        layer.backward(np.ones((1, 1, 2, 2)))
    assert layer.backward(np.ones((1, 2, 2, 2))).shape == (1, 4, 4, 2)


def test_forward_that_stores_nothing_is_told_so():
    """A student's forward that forgot self.meta is told that, not that forward was never called."""
    layer = MaxPoolingLayer(2, 2, "one")
    layer.forward(np.ones((1, 4, 4, 2)))
    layer.meta = None
    with pytest.raises(CallOrderError, match=r"forward left self.meta empty.*self.meta = img"):
        layer.backward(np.ones((1, 2, 2, 2)))


def test_output_size_refuses_other_lists():
    """The size of one image, or an image smaller than the kernel, is refused."""
    layer = ConvLayer2D(3, 5, 2)
    with pytest.raises(ShapeError, match=r"input_size \(28, 28, 3\) has 3 entries, wanted \(N, H, W, C\)"):
        layer.get_output_size((28, 28, 3))
    with pytest.raises(
        ShapeError, match=r"a 5x5 window does not fit a 4x4 image with padding=0.*padding >= 1"
    ):
        layer.get_output_size((1, 4, 4, 3))


@pytest.mark.parametrize("cls", CONVS)
@pytest.mark.parametrize(
    ("setting", "value", "smallest"),
    [
        ("input_channels", 0, 1),
        ("kernel_size", 2.5, 1),
        ("number_filters", -1, 1),
        ("stride", 0, 1),
        ("padding", -1, 0),
        ("stride", True, 1),
    ],
)
def test_conv_refuses_settings_out_of_range(cls, setting, value, smallest):
    """The message names the layer, the setting and its range."""
    settings = {"input_channels": 3, "kernel_size": 3, "number_filters": 4, "name": "one", setting: value}
    with pytest.raises(ConfigError, match=f"layer 'one': {setting}={value} is not a .* >= {smallest}"):
        cls(**settings)


@pytest.mark.parametrize("cls", POOLS)
@pytest.mark.parametrize("setting", ["pool_size", "stride"])
def test_pool_refuses_settings_out_of_range(cls, setting):
    """The message names the layer, the setting and its range."""
    settings = {"pool_size": 2, "stride": 2, "name": "one", setting: 0}
    with pytest.raises(ConfigError, match=f"layer 'one': {setting}=0 is not a whole number >= 1"):
        cls(**settings)


# ---- the modules


def test_star_import_of_old_files_finds_everything():
    """Every public name of Problem 1's layers, and np, comes along from here."""
    origins = {name: getattr(value, "__module__", "") for name, value in vars(lib.mlp.layer_utils).items()}
    layers = {
        name
        for name, module in origins.items()
        if str(module).startswith("lib.mlp.") and module != "lib.mlp.guards" and not name.startswith("_")
    }
    names = vars(lib.cnn.layer_utils)
    assert layers | {"np", "ConvLayer2D", "MaxPoolingLayer"} <= set(names)
    assert names["sequential"] is lib.mlp.layer_utils.sequential
    assert "__all__" not in names


@pytest.mark.parametrize(
    "module", [lib.cnn.layer_utils, lib.cnn.fast_layers], ids=lambda module: module.__name__
)
def test_examples_in_docstrings_run(module):
    """Every example gives what its docstring says."""
    results = doctest.testmod(module)
    assert results.attempted > 0 and results.failed == 0
