"""Answers to the forward pass of GELU: right in several styles, wrong in the usual ways."""


def right_formula(self, feat):
    """The formula in one line."""
    ### BEGIN SOLUTION gelu-forward
    output = 0.5 * feat * (1 + np.tanh(np.sqrt(2 / np.pi) * (feat + 0.044715 * np.power(feat, 3))))
    ### END SOLUTION
    return output


def right_steps(self, feat):
    """Step by step, with the constants of the class."""
    ### BEGIN SOLUTION gelu-forward
    cube = feat * feat * feat
    inner = self.K0 * (feat + self.K1 * cube)
    self.tanh = np.tanh(inner)
    output = feat / 2
    output = output + output * self.tanh
    ### END SOLUTION
    return output


def right_sigmoid(self, feat):
    """(1 + tanh(a))/2 is sigmoid(2 a)."""
    ### BEGIN SOLUTION gelu-forward
    a = self.K0 * feat * (1 + self.K1 * feat**2)
    output = feat / (1 + np.exp(-2 * a))
    ### END SOLUTION
    return output


def right_loop(self, feat):
    """Entry by entry, with the math module."""
    ### BEGIN SOLUTION gelu-forward
    output = np.empty(feat.shape)
    for index in np.ndindex(*feat.shape):
        x = float(feat[index])
        output[index] = 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    ### END SOLUTION
    return output


def wrong_exact(self, feat):
    """The exact form, with the error function."""
    ### BEGIN SOLUTION gelu-forward
    output = 0.5 * feat * (1 + np.vectorize(math.erf)(feat / np.sqrt(2)))
    ### END SOLUTION
    return output


EDITS = [
    ("wrong_no_half", "forgot the factor 1/2", "right_formula", "0.5 * feat", "feat"),
    ("wrong_no_one", "forgot the 1", "right_formula", "(1 + np.tanh(", "(np.tanh("),
    ("wrong_square", "squared instead of cubed", "right_formula", "np.power(feat, 3)", "np.power(feat, 2)"),
    ("wrong_root", "took the root of 2 alone", "right_formula", "np.sqrt(2 / np.pi)", "np.sqrt(2) / np.pi"),
    ("wrong_no_root", "forgot the root", "right_formula", "np.sqrt(2 / np.pi)", "(2 / np.pi)"),
    ("wrong_silu", "wrote SiLU", "right_sigmoid", "np.exp(-2 * a)", "np.exp(-feat)"),
    (
        "wrong_sigmoid",
        "took the short sigmoid form",
        "right_sigmoid",
        "np.exp(-2 * a)",
        "np.exp(-1.702 * feat)",
    ),
    (
        "wrong_brackets",
        "left the cube out of the bracket",
        "right_steps",
        "self.K0 * (feat + self.K1 * cube)",
        "self.K0 * feat + self.K1 * cube",
    ),
    ("wrong_constant", "mistyped the constant", "right_formula", "0.044715", "0.44715"),
]
