"""The confusion matrix: counted, drawn, and refused where it makes no sense."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib.errors import ConfigError, ShapeError
from lib.vis_utils import confusion_matrix, show_confusion


@pytest.fixture(autouse=True)
def without_screen():
    """Draw into memory, and close what was drawn."""
    plt.switch_backend("agg")
    yield
    plt.close("all")


def test_counts_are_those_of_a_loop():
    """Row: right class; column: predicted class."""
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 7, 300), rng.integers(0, 6, 300)
    wanted = np.zeros((7, 7), int)
    for label, prediction in zip(labels, predictions, strict=True):
        wanted[label, prediction] += 1
    found = confusion_matrix(labels.astype(np.uint8), predictions, 7)
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype.kind == "i"


def test_no_images_give_zeros():
    """An empty row of labels is a row of labels."""
    np.testing.assert_array_equal(confusion_matrix([], [], 3), np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (([0, 1], [0], 2), ShapeError, "got 2 labels and 1 predictions"),
        (
            ([0, 1], np.zeros((2, 5)), 5),
            ShapeError,
            r"predictions has shape \(2, 5\).*scores.argmax\(axis=1\)",
        ),
        (([0.0, 1.0], [0, 1], 2), ShapeError, "labels has shape .*dtype float64"),
        (([0, 3], [0, 1], 3), ConfigError, r"labels holds the class 3, wanted 0 to 2 \(num_classes=3\)"),
        (([0, 1], [0, -1], 3), ConfigError, "predictions holds the class -1"),
        (([0], [0], 0), ConfigError, "num_classes=0 is not a whole number"),
        (([0], [0], 2.0), ConfigError, "num_classes=2.0"),
    ],
)
def test_what_cannot_be_counted_is_refused(arguments, error, match):
    """The message names what came and what was wanted."""
    with pytest.raises(error, match=match):
        confusion_matrix(*arguments)


def test_picture_shows_percent_of_each_row():
    """Classes of different size compare, a class without images stays empty."""
    figure = show_confusion(
        np.array([[3, 1, 0], [0, 400, 0], [0, 0, 0]]), ["a_cat", "dog", "fish"], title="Test", note="part"
    )
    figure.canvas.draw()
    axes, bar = figure.axes
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.75, 0.25, 0], [0, 1, 0], [0, 0, 0]])
    assert {text.get_text(): text.get_position() for text in axes.texts} == {
        "75": (0, 0),
        "25": (1, 0),
        "100": (1, 1),
    }
    assert [text.get_text() for text in axes.get_xticklabels()] == ["a cat", "dog", "fish"]
    said = [text.get_text() for text in figure.findobj(plt.Text)]
    assert {"Test", "part", "right class", "predicted class"} <= set(said)
    assert "100 %" in [text.get_text() for text in bar.get_yticklabels()]


def test_numbers_can_be_read_on_dark_cells():
    """White on dark, black on light."""
    axes = show_confusion([[9, 1], [4, 6]]).axes[0]
    assert {text.get_text(): text.get_color() for text in axes.texts} == {
        "90": "white",
        "10": "black",
        "40": "black",
        "60": "white",
    }


@pytest.mark.parametrize(
    ("matrix", "names", "match"),
    [
        (np.zeros((2, 3)), None, r"matrix has shape \(2, 3\).*wanted counts \(K, K\)"),
        (np.zeros((0, 0)), None, r"shape \(0, 0\)"),
        (np.zeros((2, 2)), ["one"], "got 2 classes and 1 names"),
    ],
)
def test_what_is_no_confusion_matrix_is_refused(matrix, names, match):
    """Before anything is drawn."""
    with pytest.raises(ShapeError, match=match):
        show_confusion(matrix, names)
    assert not plt.get_fignums()
