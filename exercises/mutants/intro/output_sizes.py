"""Answers to the five output sizes: right ways to write them down, and usual mistakes in them."""

OBJECTS = True


def _sizes(**change):
    """Return the answers, some of them changed."""
    sizes = {
        "size_1": (16, 24, 24),
        "size_2": (24, 30, 30),
        "size_3": (3, 16, 16),
        "size_4": (7, 4, 8),
        "size_5": (112, 256, 256),
    }
    return sizes | change


def right_floor():
    """Rounded down, as PyTorch does."""
    return _sizes()


def right_not_valid():
    """Called the fourth not valid."""
    return _sizes(size_4="not valid")


def right_lists():
    """Lists, and other words for the fourth."""
    return _sizes(size_1=[16, 24, 24], size_4="Not possible: 4.5 is no whole number")


def wrong_channels_last():
    """Put the channels last."""
    return {name: (size[1], size[2], size[0]) for name, size in _sizes().items()}


def wrong_input_channels():
    """Kept the channels of the input."""
    return _sizes(size_2=(2, 30, 30), size_3=(10, 16, 16), size_5=(128, 256, 256))


def wrong_padding_once():
    """Counted the padding on one side."""
    return _sizes(size_4=(7, 4, 8), size_5=(112, 255, 255))


def wrong_stride():
    """Left the stride out."""
    return _sizes(size_3=(3, 31, 31), size_4=(7, 8, 16))


def wrong_too_few():
    """Forgot the first window."""
    return _sizes(size_1=(16, 23, 23), size_2=(24, 29, 29))


def wrong_fraction():
    """Left the half in."""
    return _sizes(size_4=(7, 4.5, 8.5))


def wrong_all_not_valid():
    """Called all of them not valid."""
    return dict.fromkeys(_sizes(), "not valid")


def wrong_rounded_up():
    """Rounded up."""
    return _sizes(size_4=(7, 5, 9))


def wrong_half_done():
    """Answered two."""
    return {"size_1": (16, 24, 24), "size_2": (24, 30, 30), "size_3": None, "size_4": None, "size_5": None}
