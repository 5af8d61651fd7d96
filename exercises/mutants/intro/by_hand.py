"""Answers by hand: right ways to write them down, and usual mistakes in them."""

import numpy as np

OBJECTS = True


def right_lists():
    """Lists, and a number."""
    return {"convolved": [[8, 20], [14, 25]], "pooled": 25}


def right_arrays():
    """Arrays of floats; the pooled one with two axes."""
    return {"convolved": np.array([[8.0, 20], [14, 25]]), "pooled": np.array([[25.0]])}


def right_tuples():
    """Tuples, and a list with one number."""
    return {"convolved": ((8, 20), (14, 25)), "pooled": [25]}


def wrong_flipped():
    """Turned the kernel, and pooled what came out."""
    return {"convolved": [[0, 1], [0, 6]], "pooled": 6}


def wrong_one_feature():
    """A slip in one of the sums."""
    return {"convolved": [[8, 19], [14, 25]], "pooled": 25}


def wrong_pooled():
    """Took the mean for the largest."""
    return {"convolved": [[8, 20], [14, 25]], "pooled": 16.75}


def wrong_transposed():
    """Swapped rows and columns."""
    return {"convolved": [[8, 14], [20, 25]], "pooled": 25}


def wrong_padded():
    """Padded the image, so that the features have its size."""
    return {"convolved": np.ones((4, 4)), "pooled": 25}


def wrong_kernel_transposed():
    """Swapped rows and columns of the kernel."""
    return {"convolved": [[8, 18], [12, 23]], "pooled": 23}


def wrong_half_done():
    """Did not pool."""
    return {"convolved": [[8, 20], [14, 25]], "pooled": None}


def wrong_text():
    """Wrote words."""
    return {"convolved": "8, 20, 14, 25", "pooled": "25"}
