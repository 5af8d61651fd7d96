"""The pictures: what they show, how they are labeled, what they refuse."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib.errors import ConfigError, ShapeError
from lib.report.curves import CURVES
from lib.vis_utils import filter_grid, plot_history, show_filters, show_images, show_responses


@pytest.fixture(autouse=True)
def without_screen():
    """Draw into memory, and close what was drawn."""
    plt.switch_backend("agg")
    yield
    plt.close("all")


def texts(figure):
    """Return every text of a figure that is drawn."""
    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(plt.Text) if text.get_text()]


def test_history_has_labeled_axes_and_a_legend():
    """Loss per iteration, accuracy per epoch, the best epoch, the target and the note."""
    figure = plot_history(
        np.linspace(2, 1, 200), [0.5, 0.8], [0.4, 0.7], title="Training", target=0.88, note="SVHN sample"
    )
    said = texts(figure)
    for text in ("Training", "iteration", "epoch", "cross-entropy loss", "target 0.88", "SVHN sample"):
        assert text in said
    assert "validation, best 0.700 in epoch 2" in said
    assert "mean of 4 iterations" in said


def test_history_draws_the_numbers_it_was_given():
    """The raw losses, their mean in the middle of the window, the accuracies over the epochs 1, 2, …."""
    losses = np.random.default_rng(0).random(150)
    left, right = plot_history(losses, [0.1, 0.2, 0.3], [0.2, 0.3, 0.1]).axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), losses)
    x, y = left.lines[1].get_data()
    np.testing.assert_allclose((x[0], y[0]), (2.0, losses[:3].mean()))
    assert [list(line.get_ydata()) for line in right.lines] == [[0.1, 0.2, 0.3], [0.2, 0.3, 0.1]]
    assert list(right.lines[0].get_xdata()) == [1, 2, 3]


@pytest.mark.parametrize("losses", [[2.0], [2.0, np.nan, 1.0], [0.0, 0.0]], ids=["one", "nan", "zero"])
def test_history_of_a_short_training_can_be_drawn(losses):
    """Interrupted after a step, or gone wrong."""
    plot_history(losses, [0.5], [0.4]).canvas.draw()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([], [0.1], [0.1]), r"plot_history: loss_hist has shape \(0,\), wanted at least one number"),
        (([1.0], [], [0.1]), "train_acc_hist has shape"),
        (([1.0], [0.1], [[0.1]]), "val_acc_hist has shape"),
    ],
)
def test_history_without_numbers_is_refused(arguments, match):
    """The message names the history."""
    with pytest.raises(ShapeError, match=match):
        plot_history(*arguments)


@pytest.mark.parametrize(
    ("images", "count"),
    [
        (np.zeros((12, 4, 4, 3)), 12),
        (np.zeros((12, 4, 4, 1), np.float32), 12),
        (np.zeros((2, 4, 4)), 2),
        (np.zeros((4, 6, 3)), 1),
        (np.zeros((3, 8, 8, 3), np.uint8), 3),
    ],
    ids=["color", "gray", "gray without axis", "single", "bytes"],
)
def test_images_of_every_layout_are_shown(images, count):
    """Black pictures on white, as many black pixels as they have."""
    (drawn,) = (image for axes in show_images(images).axes for image in axes.images)
    black = np.asarray(drawn.get_array()).reshape(*drawn.get_array().shape[:2], -1).max(axis=-1) == 0
    height, width = images.shape[:2] if count == 1 else images.shape[1:3]
    assert black.sum() == count * height * width


def test_images_stand_in_rows_with_gaps():
    """Three to a row, in reading order; labels take room between the rows."""
    images = np.arange(5.0)[:, None, None, None] / 5 * np.ones((1, 16, 16, 3))
    shown = show_images(images, labels=range(5), ncols=3).axes[0].images[0].get_array()
    assert shown.shape == (16 + 1 + 4 + 16, 3 * 17 - 1, 3)
    assert [shown[0, 17 * column, 0] for column in range(3)] == [0.0, 0.2, 0.4]
    assert [shown[21, 17 * column, 0] for column in range(3)] == [0.6, 0.8, 1.0]
    assert (shown[16:21] == 1).all()
    assert (shown[:, 16] == 1).all()


def test_images_from_zero_to_one_are_shown_as_they_are_and_others_stretched():
    """A subtracted mean must not turn into black; all images are stretched alike."""
    image = np.full((1, 2, 2, 3), 0.25)
    np.testing.assert_allclose(show_images(image).axes[0].images[0].get_array(), image[0])
    pair = np.stack([np.full((2, 2, 3), -1.0), np.full((2, 2, 3), 3.0)])
    pair[0, 0, 0] = 1.0
    shown = show_images(pair).axes[0].images[0].get_array()
    assert (shown[0, 0, 0], shown[1, 1, 1], shown[0, 3, 0]) == (0.5, 0.0, 1.0)


def test_labels_stand_above_the_images():
    """Numbers, or the names of their classes."""
    assert {"3", "7"} <= set(texts(show_images(np.zeros((2, 4, 4, 3)), labels=np.array([3, 7]))))
    assert "cat" in texts(
        show_images(np.zeros((1, 4, 4, 3)), labels=[1], label_names=["dog", "cat"], note="x")
    )


def test_images_refuse_what_is_no_picture():
    """Shapes and counts are named."""
    with pytest.raises(
        ShapeError, match=r"images has shape \(2, 4, 4, 5\), dtype float64, wanted .* 1 or 3 colors"
    ):
        show_images(np.zeros((2, 4, 4, 5)))
    with pytest.raises(ShapeError, match="got 2 images and 3 labels"):
        show_images(np.zeros((2, 4, 4, 3)), labels=[1, 2, 3])
    with pytest.raises(ConfigError, match="show_images: ncols=0 is not a whole number"):
        show_images(np.zeros((2, 4, 4, 3)), ncols=0)


def test_filter_grid_puts_each_filter_in_its_place():
    """Row by row, a white gap around each, every filter stretched from 0 to 1 by itself."""
    filters = np.random.default_rng(0).normal(size=(5, 3, 4, 3))
    image = filter_grid(filters, 2, 3)
    assert image.shape == (2 * 4 + 1, 3 * 5 + 1, 3)
    part = image[5:8, 1:5]  # the fourth filter: second row, first column
    want = (filters[3] - filters[3].min()) / (filters[3].max() - filters[3].min())
    np.testing.assert_allclose(part, want)
    assert (image[::4] == 1).all()
    assert (image[5:8, 11:15] == 1).all()  # no sixth filter


def test_filter_grid_may_scale_all_filters_alike():
    """Then weak filters look weak."""
    filters = np.stack([np.linspace(-1, 1, 4).reshape(2, 2), np.full((2, 2), 0.5)])
    image = filter_grid(filters, 1, 2, scale="all", gap=0)
    np.testing.assert_allclose(image[..., 0], [[0, 1 / 3, 0.75, 0.75], [2 / 3, 1, 0.75, 0.75]])
    assert (filter_grid(filters, 1, 2, gap=0)[:, 2:] == 0.5).all()


@pytest.mark.parametrize(
    ("count", "given", "want"),
    [(32, {}, (6, 6)), (32, {"nrows": 4}, (4, 8)), (32, {"ncols": 8}, (4, 8)), (1, {}, (1, 1))],
)
def test_filter_grid_chooses_what_is_not_given(count, given, want):
    """Nearly square, or what is left."""
    assert filter_grid(np.zeros((count, 3, 3, 3)), **given).shape[:2] == tuple(4 * n + 1 for n in want)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: filter_grid(np.zeros((7, 3, 3, 3)), 2, 3), ConfigError, "7 filters do not fit 2 rows of 3"),
        (
            lambda: filter_grid(np.zeros((5, 5, 3, 32))),
            ShapeError,
            r"Weights \(KH, KW, C, F\) need np.moveaxis\(w, -1, 0\)",
        ),
        (lambda: filter_grid(np.zeros((1, 3, 3, 3)), scale="none"), ConfigError, "scale='none' is not known"),
        (lambda: show_filters(None), ShapeError, "im_array has shape"),
    ],
)
def test_filters_that_do_not_fit_are_refused(call, error, match):
    """The commonest slip, the axis of the filters, has its remedy in the message."""
    with pytest.raises(error, match=match):
        call()


def test_filters_are_shown_from_a_stack_or_a_mosaic():
    """A finished mosaic of a student's own is shown as it is."""
    filters = np.random.default_rng(0).normal(size=(6, 5, 5, 3))
    stack = show_filters(filters, 2, 3, title="First layer").axes[0].images[0].get_array()
    np.testing.assert_allclose(stack, filter_grid(filters, 2, 3))
    mosaic = filter_grid(filters, 2, 3)
    np.testing.assert_allclose(show_filters(mosaic, 2, 3).axes[0].images[0].get_array(), mosaic)


def test_responses_share_one_scale_around_zero():
    """Signs can be told from colors: 0 is in the middle."""
    responses = np.zeros((4, 4, 2))
    responses[0, 0] = (-3, 1)
    figure = show_responses(np.zeros((6, 6, 3)), responses, titles=["vertical", "horizontal"], note="SVHN")
    maps = [axes.images[0] for axes in figure.axes[1:3]]
    assert {drawn.get_clim() for drawn in maps} == {(-3.0, 3.0)}
    assert {"image", "vertical", "horizontal", "SVHN"} <= set(texts(figure))


@pytest.mark.parametrize("count", [1, 5, 6, 13])
def test_responses_of_many_filters_fill_rows(count):
    """One map per filter besides the image."""
    figure = show_responses(np.zeros((6, 6)), np.ones((4, 4, count)))
    assert sum(len(axes.images) for axes in figure.axes if axes.get_title()) == count + 1


def test_responses_of_a_batch_are_refused():
    """One image at a time."""
    with pytest.raises(
        ShapeError, match=r"responses has shape \(1, 4, 4, 2\), wanted \(OH, OW, F\) for one image"
    ):
        show_responses(np.zeros((6, 6)), np.zeros((1, 4, 4, 2)))
    with pytest.raises(ShapeError, match="got 2 maps and 1 titles"):
        show_responses(np.zeros((6, 6)), np.zeros((4, 4, 2)), titles=["one"])


def shown(figure):
    """Return the arrays of all pictures in a figure."""
    return [np.asarray(image.get_array()) for axes in figure.axes for image in axes.images]


def test_channels_may_come_first():
    """Images, filters and responses of the functional layers show the same as those with channels last."""
    rng = np.random.default_rng(0)
    images, filters, maps = (
        rng.random((2, 5, 4, 3)),
        rng.normal(size=(6, 3, 3, 3)),
        rng.normal(size=(4, 4, 2)),
    )
    first = [np.moveaxis(array, -1, -3) for array in (images, filters, maps)]
    pairs = [
        (show_images(images), show_images(first[0], channels_first=True)),
        (show_images(images[0]), show_images(first[0][0], channels_first=True)),
        (show_filters(filters, 2, 3), show_filters(first[1], 2, 3, channels_first=True)),
        (show_responses(images[0], maps), show_responses(first[0][0], first[2], channels_first=True)),
        (
            show_responses(images[0, ..., 0], maps),
            show_responses(images[0, ..., 0], first[2], channels_first=True),
        ),
    ]
    for last, also in pairs:
        for one, other in zip(shown(last), shown(also), strict=True):
            np.testing.assert_array_equal(one, other)


def test_history_keeps_its_numbers_beside_the_picture():
    """A notebook gets both, with every digit, and a value that is no number."""
    losses = [2.302585092994046, float("nan"), 0.1]
    figure = plot_history(losses, [0.5], np.array([0.25]), title="Training", target=1)
    numbers = figure._repr_mimebundle_()[CURVES]
    assert numbers == {
        "drawn_by": "plot_history",
        "loss_hist": "2.302585092994046 nan 0.1",
        "train_acc_hist": "0.5",
        "val_acc_hist": "0.25",
        "title": "Training",
        "note": None,
        "target": 1.0,
    }
    json.dumps(numbers, allow_nan=False)
