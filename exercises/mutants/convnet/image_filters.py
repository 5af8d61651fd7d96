"""Answers to the filters written by hand, as objects of the notebook: any right filter will do."""

import numpy as np

OBJECTS = True
SOBEL = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
GAUSS = np.outer([1, 2, 1], [1, 2, 1]) / 16


def right_sobel():
    """Sobel, and the binomial filter."""
    return {"vertical_edges": SOBEL, "smoothing": GAUSS}


def right_prewitt():
    """Equal weights in each column, dark to bright; a narrower Gaussian, rounded."""
    narrow = [[0.075, 0.124, 0.075], [0.124, 0.204, 0.124], [0.075, 0.124, 0.075]]
    return {"vertical_edges": [[-1, 0, 1]] * 3, "smoothing": narrow}


def right_scharr():
    """Scharr's weights, scaled; a Gaussian computed from its formula."""
    y, x = np.mgrid[-1:2, -1:2]
    bell = np.exp(-(x**2 + y**2) / 2)
    edges = np.array([[3, 0, -3], [10, 0, -10], [3, 0, -3]]) / 32
    return {"vertical_edges": edges, "smoothing": bell / bell.sum()}


def wrong_horizontal():
    """Wrote the filter for horizontal edges."""
    return {"vertical_edges": SOBEL.T, "smoothing": GAUSS}


def wrong_not_normalized():
    """Forgot to divide by 16."""
    return {"vertical_edges": SOBEL, "smoothing": 16 * GAUSS}


def wrong_box():
    """Took the plain mean for a Gaussian."""
    return {"vertical_edges": SOBEL, "smoothing": np.full((3, 3), 1 / 9)}


def wrong_sum():
    """Weights that do not add up to zero."""
    return {"vertical_edges": [[1, 0, -1], [2, 0, -2], [1, 0, 1]], "smoothing": GAUSS}


def wrong_one_sided():
    """Bright on one side only, nothing on the other."""
    return {"vertical_edges": [[1, 0, 0], [2, 0, 0], [1, 0, 0]], "smoothing": GAUSS}


def wrong_laplace():
    """A filter for edges in all directions."""
    return {"vertical_edges": [[0, 1, 0], [1, -4, 1], [0, 1, 0]], "smoothing": GAUSS}


def wrong_negative():
    """A sharpening filter instead of a smoothing one."""
    return {"vertical_edges": SOBEL, "smoothing": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]}


def wrong_shape():
    """A row instead of a square."""
    return {"vertical_edges": [1, 0, -1], "smoothing": GAUSS}
