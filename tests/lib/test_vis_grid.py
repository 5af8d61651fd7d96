"""Grids of images by the names of the functional course, and their import from lib.vis_utils."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lib import vis_grid as home
from lib.errors import ShapeError
from lib.vis_utils import vis_grid, vis_nn, visualize_grid

ROOT = Path(__file__).resolve().parents[2]


def test_visualize_grid_stretches_each_image_by_itself():
    """Two images of different range, worked out by hand: 0 to 255 each, one pixel of 0 between them."""
    images = np.array([[[0, 1], [2, 4]], [[-10, 10], [0, 30]]], float)[..., None]
    grid = visualize_grid(images)
    assert grid.shape == (5, 5, 1)
    np.testing.assert_allclose(grid[:2, :2, 0], [[0, 63.75], [127.5, 255]])
    np.testing.assert_allclose(grid[:2, 3:, 0], [[0, 127.5], [63.75, 255]])
    assert not grid[:, 2].any() and not grid[2:].any()


@pytest.mark.parametrize(("count", "side"), [(1, 1), (2, 2), (4, 2), (5, 3), (32, 6)])
@pytest.mark.parametrize("padding", [0, 1, 3])
def test_visualize_grid_has_room_for_all(count, side, padding):
    """Nearly square, with padding between the images and none around them; each image is where it belongs."""
    rng = np.random.default_rng(count)
    images = rng.random((count, 4, 6, 3))
    grid = visualize_grid(images, ubound=1.0, padding=padding)
    assert grid.shape == (side * 4 + (side - 1) * padding, side * 6 + (side - 1) * padding, 3)
    top, left = (count - 1) // side * (4 + padding), (count - 1) % side * (6 + padding)
    last = images[-1]
    wanted = (last - last.min()) / (last.max() - last.min())
    np.testing.assert_allclose(grid[top : top + 4, left : left + 6], wanted)


def test_image_of_one_value_is_zero():
    """There is nothing to stretch, and no division by zero."""
    assert not visualize_grid(np.full((1, 2, 2, 3), 7.0)).any()


def test_inputs_stay_as_they_are():
    """Whole numbers come out right, and the images are not changed."""
    images = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
    kept = images.copy()
    assert visualize_grid(images).max() == 255
    assert (vis_grid(images).min(), vis_grid(images).max()) == (0, 1)
    np.testing.assert_array_equal(images, kept)


def test_vis_grid_stretches_all_alike():
    """The smallest value of all fills the lines between the images and the empty places."""
    images = np.array([2.0, 4.0, 6.0]).reshape(3, 1, 1, 1)
    np.testing.assert_allclose(
        vis_grid(images)[..., 0], [[0, 0, 0.5, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    )


def test_vis_nn_puts_rows_below_each_other():
    """Two rows of three images."""
    rows = [[np.full((2, 2, 3), 10 * r + c) for c in range(3)] for r in range(2)]
    grid = vis_nn(rows)
    assert grid.shape == (6, 9, 3)
    np.testing.assert_allclose(grid[3:5, 6:8], 1.0)
    np.testing.assert_allclose(grid[0, 3], 1 / 12)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: visualize_grid(np.zeros((2, 3, 3))), r"visualize_grid: Xs has shape \(2, 3, 3\)"),
        (lambda: vis_grid(np.zeros((0, 3, 3, 3))), r"vis_grid: Xs has shape \(0, 3, 3, 3\)"),
        (lambda: vis_nn(np.zeros((2, 3, 3, 3))), r"vis_nn: rows has shape .*R rows of D images"),
        (lambda: vis_nn([[np.zeros((2, 2, 3))], []]), "the same number of images of one shape"),
    ],
)
def test_what_is_no_stack_of_images_is_refused(call, match):
    """The message names the shape that came."""
    with pytest.raises(ShapeError, match=match):
        call()


def test_names_are_those_of_the_home_module():
    """One function, two addresses."""
    assert visualize_grid is home.visualize_grid


def test_vis_utils_needs_the_other_files_only_when_asked():
    """An assignment without confusion matrix and grids ships without their files."""
    code = (
        "import sys; sys.modules.update({'lib.vis_grid': None, 'lib.vis_confusion': None})\n"
        "from lib.vis_utils import show_filters\n"
        "import lib.vis_utils\n"
        "try:\n    lib.vis_utils.nothing\nexcept AttributeError as error:\n    print(error)\n"
        "try:\n    from lib.vis_utils import vis_nn\nexcept ImportError:\n    print('not there')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "module 'lib.vis_utils' has no attribute 'nothing'\nnot there\n", done.stderr
