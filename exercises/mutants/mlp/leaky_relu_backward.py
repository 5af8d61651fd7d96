"""Answers to the backward pass of the leaky ReLU: right in several styles, wrong in the usual ways."""


def right_where(self, dprev):
    """np.where on the slopes."""
    ### BEGIN SOLUTION leaky-relu-backward
    dfeat = np.where(self.meta > 0, dprev, self.negative_slope * dprev)
    ### END SOLUTION
    return dfeat


def right_mask(self, dprev):
    """A copy of the slopes, scaled where the input was negative."""
    ### BEGIN SOLUTION leaky-relu-backward
    dfeat = np.array(dprev, copy=True)
    dfeat[feat < 0] = dfeat[feat < 0] * self.negative_slope
    ### END SOLUTION
    return dfeat


def right_loop(self, dprev):
    """Entry by entry."""
    ### BEGIN SOLUTION leaky-relu-backward
    dfeat = np.zeros_like(dprev)
    for index in np.ndindex(feat.shape):
        factor = 1.0 if feat[index] > 0 else self.negative_slope
        dfeat[index] = factor * dprev[index]
    ### END SOLUTION
    return dfeat


EDITS = [
    ("wrong_relu", "wrote ReLU", "right_where", "self.negative_slope * dprev)", "0)"),
    (
        "wrong_no_chain",
        "returned the derivative without dprev",
        "right_loop",
        "factor * dprev[index]",
        "factor",
    ),
    ("wrong_asks_dprev", "asked for the sign of the slopes", "right_where", "self.meta > 0", "dprev > 0"),
    (
        "wrong_fixed_slope",
        "wrote the default slope as a number",
        "right_where",
        "self.negative_slope * dprev",
        "0.01 * dprev",
    ),
    ("wrong_turned", "scaled where the input was positive", "right_where", "self.meta > 0", "self.meta < 0"),
    (
        "wrong_passed_on",
        "passed the slopes on",
        "right_mask",
        "dfeat[feat < 0] * self.negative_slope",
        "dfeat[feat < 0]",
    ),
    (
        "wrong_constant",
        "put the slope in place of the gradient",
        "right_mask",
        "dfeat[feat < 0] = dfeat[feat < 0] * self.negative_slope",
        "dfeat[feat < 0] = self.negative_slope",
    ),
    ("wrong_in_place", "changed dprev itself", "right_mask", "np.array(dprev, copy=True)", "dprev"),
]
