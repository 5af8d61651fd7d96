"""Answers to the weight of L2 that equals weight decay, as objects of the notebook."""

OBJECTS = True


def right_reference():
    """2 * lr * lambda = weight decay."""
    return {"reg_lambda": 0.005, "added": 2.0}


def right_computed():
    """The same, computed."""
    return {"reg_lambda": 1e-4 / (2 * 0.01), "added": 2.0}


def right_without_factor():
    """Their own L2 has no factor 2, so their lambda is twice as large."""
    return {"reg_lambda": 0.01, "added": 1.0}


def wrong_factor():
    """Forgot the 2 of the slope."""
    return {"reg_lambda": 0.01, "added": 2.0}


def wrong_equal():
    """Took lambda equal to weight decay."""
    return {"reg_lambda": 1e-4, "added": 2.0}


def wrong_no_lr():
    """Forgot that the step multiplies by lr."""
    return {"reg_lambda": 5e-5, "added": 2.0}


def wrong_times_lr():
    """Multiplied by lr instead of dividing."""
    return {"reg_lambda": 5e-7, "added": 2.0}


def wrong_turned():
    """Turned the fraction round."""
    return {"reg_lambda": 50.0, "added": 2.0}


def wrong_text():
    """Wrote nothing that is a number."""
    return {"reg_lambda": float("nan"), "added": 2.0}


def wrong_half():
    """Took the factor on the wrong side, with a penalty without factor."""
    return {"reg_lambda": 0.005, "added": 1.0}
