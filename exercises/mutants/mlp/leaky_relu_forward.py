"""Answers to the forward pass of the leaky ReLU: right in several styles, wrong in the usual ways."""


def right_where(self, feat):
    """np.where."""
    ### BEGIN SOLUTION leaky-relu-forward
    output = np.where(feat > 0, feat, self.negative_slope * feat)
    ### END SOLUTION
    return output


def right_mask(self, feat):
    """A copy, changed where it is negative."""
    ### BEGIN SOLUTION leaky-relu-forward
    output = feat.copy()
    output[output < 0] *= self.negative_slope
    ### END SOLUTION
    return output


def right_loop(self, feat):
    """Entry by entry, over a flat view."""
    ### BEGIN SOLUTION leaky-relu-forward
    output = np.zeros(feat.size)
    for i, value in enumerate(feat.flatten()):
        if value >= 0:
            output[i] = value
        else:
            output[i] = self.negative_slope * value
    output = output.reshape(feat.shape)
    ### END SOLUTION
    return output


def right_two_parts(self, feat):
    """The positive part plus the scaled negative part."""
    ### BEGIN SOLUTION leaky-relu-forward
    output = np.maximum(0, feat) + self.negative_slope * np.minimum(0, feat)
    ### END SOLUTION
    return output


def wrong_in_place(self, feat):
    """Changed the input itself."""
    ### BEGIN SOLUTION leaky-relu-forward
    feat[feat < 0] *= self.negative_slope
    output = feat
    ### END SOLUTION
    return output


EDITS = [
    ("wrong_relu", "wrote ReLU", "right_two_parts", " + self.negative_slope * np.minimum(0, feat)", ""),
    (
        "wrong_fixed_slope",
        "wrote the default slope as a number",
        "right_where",
        "self.negative_slope * feat",
        "0.01 * feat",
    ),
    ("wrong_sign", "subtracted the negative part", "right_two_parts", "+ self", "- self"),
    (
        "wrong_constant",
        "put the slope itself in place",
        "right_where",
        "self.negative_slope * feat",
        "self.negative_slope",
    ),
    ("wrong_turned", "scaled the positive entries", "right_where", "feat > 0", "feat < 0"),
    ("wrong_minimum", "took the smaller of the two", "reference", "np.maximum(", "np.minimum("),
]
