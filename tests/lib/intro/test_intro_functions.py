"""The introduction's functions on arrays: values, agreement with PyTorch, refusal of bad input."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import convolve2d

torch = pytest.importorskip("torch", reason="cnn_intro_mnist needs PyTorch, the extra [torch]")

from lib.check.intro.objects import IMAGE, KERNEL, SIZES  # noqa: E402
from lib.errors import ConfigError, ShapeError  # noqa: E402
from lib.intro.by_hand import correlate, max_pool  # noqa: E402
from lib.intro.filters import filter_mosaic, filter_responses  # noqa: E402

pytestmark = pytest.mark.torch

# (image, kernel, stride, padding)
SHAPES = [
    ((6, 6), (3, 3), 1, 0),
    ((5, 9), (2, 3), 1, 0),
    ((7, 8), (3, 3), 2, 1),
    ((4, 4), (4, 4), 1, 0),
    ((5, 5), (1, 1), 3, 2),
]


def test_numbers_of_the_exercise_by_hand():
    """The features and the pooled number; a convolution that flips gives other ones."""
    features = correlate(IMAGE, KERNEL)
    assert features.tolist() == [[8, 20], [14, 25]]
    assert max_pool(features).tolist() == [[25]]
    flipped = convolve2d(IMAGE, KERNEL, mode="valid")
    assert flipped.tolist() == [[0, 1], [0, 6]]
    assert max_pool(flipped).tolist() == [[6]]


@pytest.mark.parametrize(("shape", "kernel", "stride", "padding"), SHAPES)
def test_correlate_is_what_pytorch_computes(shape, kernel, stride, padding):
    """Both agree to rounding, and the input stays as it was."""
    rng = np.random.default_rng(0)
    image, w = rng.standard_normal(shape), rng.standard_normal(kernel)
    before = image.copy()
    want = torch.nn.functional.conv2d(
        torch.tensor(image)[None, None], torch.tensor(w)[None, None], stride=stride, padding=padding
    )
    np.testing.assert_allclose(correlate(image, w, stride, padding), want[0, 0].numpy(), atol=1e-12)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    ("shape", "size", "stride"), [((6, 6), 2, 2), ((7, 9), 3, 2), ((5, 7), 2, 3), ((3, 3), 3, 1)]
)
def test_max_pool_is_what_pytorch_computes(shape, size, stride):
    """Both agree exactly, with negative numbers too."""
    image = np.random.default_rng(1).standard_normal(shape) - 2
    want = torch.nn.functional.max_pool2d(torch.tensor(image)[None, None], size, stride)
    np.testing.assert_array_equal(max_pool(image, size, stride), want[0, 0].numpy())


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: correlate(np.ones(3), np.ones((2, 2))), ShapeError, r"image has shape \(3,\)"),
        (lambda: correlate(np.ones((3, 3)), "ab"), ShapeError, "kernel has shape"),
        (
            lambda: correlate(np.ones((3, 3)), np.ones((4, 2))),
            ShapeError,
            "window of 4x2 does not fit on 3x3 pixels",
        ),
        (lambda: correlate(np.ones((3, 3)), np.ones((2, 2)), 0), ConfigError, "stride=0 .* at least 1"),
        (lambda: correlate(np.ones((3, 3)), np.ones((2, 2)), 1, 0.5), ConfigError, "padding=0.5"),
        (lambda: max_pool(np.ones((3, 3)), 4), ShapeError, "window of 4x4 does not fit"),
        (lambda: max_pool(np.ones((3, 3)), True), ConfigError, "size=True"),
        (lambda: filter_mosaic(np.ones((4, 3, 2, 2)), 2, 2), ShapeError, r"wanted \(F, 1, KH, KW\)"),
        (
            lambda: filter_mosaic(np.ones((4, 1, 2, 2)), 2, 3),
            ShapeError,
            "2 rows of 3 are no grid for 4 filters",
        ),
        (lambda: filter_responses(None, np.ones((1, 4, 4))), ShapeError, r"wanted one image \(H, W\)"),
    ],
)
def test_bad_input_is_told(call, error, said):
    """The message names the thing and what came."""
    with pytest.raises(error, match=said):
        call()


@pytest.mark.parametrize(("rows", "columns", "kernel"), [(4, 4, (9, 9)), (2, 5, (3, 4)), (1, 3, (2, 2))])
def test_each_filter_stands_whole_in_its_place(rows, columns, kernel):
    """Block (r, c) of the mosaic is filter r * columns + c."""
    w = np.random.default_rng(2).standard_normal((rows * columns, 1, *kernel))
    mosaic = filter_mosaic(w, rows, columns)
    assert mosaic.shape == (rows * kernel[0], columns * kernel[1])
    for f in range(len(w)):
        top, left = f // columns * kernel[0], f % columns * kernel[1]
        np.testing.assert_array_equal(mosaic[top : top + kernel[0], left : left + kernel[1]], w[f, 0])


def test_responses_are_those_of_the_layer():
    """Bias and padding included, no axis for the batch."""
    conv = torch.nn.Conv2d(1, 4, 3, padding=1)
    image = np.random.default_rng(3).random((6, 7), dtype=np.float32)
    got = filter_responses(conv, image)
    assert isinstance(got, np.ndarray)
    want = conv(torch.tensor(image)[None, None]).detach().numpy()[0]
    np.testing.assert_allclose(got, want, atol=1e-6)


@pytest.mark.parametrize("name", SIZES)
def test_answers_to_the_output_sizes_are_what_pytorch_gives(name):
    """The size that is accepted is that of a real layer."""
    from lib.check.intro.objects import size_problems

    (C, H, W), F, (_, KH, KW), stride, padding = SIZES[name]
    layer = torch.nn.Conv2d(C, F, (KH, KW), stride, padding, device="meta")
    shape = tuple(layer(torch.zeros(1, C, H, W, device="meta")).shape[1:])
    assert size_problems(name, shape) == []
    assert size_problems(name, (shape[0], shape[1] + 1, shape[2])) != []
    assert (size_problems(name, "not valid") == []) is (name == "size_4")
