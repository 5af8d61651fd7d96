"""Answers to the backward pass of GELU: right in several styles, wrong in the usual ways."""


def right_product_rule(self, dprev):
    """The product rule, term by term."""
    ### BEGIN SOLUTION gelu-backward
    c = np.sqrt(2 / np.pi)
    t = np.tanh(c * (feat + 0.044715 * feat * feat * feat))
    first = 0.5 * (1 + t)
    second = 0.5 * feat * (1 - t**2) * c * (1 + 3 * 0.044715 * feat**2)
    dfeat = dprev * (first + second)
    ### END SOLUTION
    return dfeat


def right_cosh(self, dprev):
    """The slope of tanh as 1/cosh squared, with rounded constants."""
    ### BEGIN SOLUTION gelu-backward
    inner = 0.0356774 * np.power(feat, 3) + 0.797885 * feat
    slope = 1 / np.cosh(inner) ** 2
    dfeat = 0.5 * np.tanh(inner) + (0.0535161 * np.power(feat, 3) + 0.398942 * feat) * slope + 0.5
    dfeat = dfeat * dprev
    ### END SOLUTION
    return dfeat


def right_sigmoid(self, dprev):
    """With s = sigmoid(2 a): the slope of x s is s + x s (1 - s) 2 a'."""
    ### BEGIN SOLUTION gelu-backward
    a = self.K0 * (feat + self.K1 * feat * feat * feat)
    da = self.K0 * (1 + 3 * self.K1 * feat * feat)
    s = 1 / (1 + np.exp(-2 * a))
    dfeat = dprev * (s + 2 * feat * s * (1 - s) * da)
    ### END SOLUTION
    return dfeat


EDITS = [
    (
        "wrong_no_chain",
        "returned the derivative without dprev",
        "right_product_rule",
        "dprev * (first + second)",
        "first + second",
    ),
    ("wrong_first_only", "forgot the product rule", "right_product_rule", "(first + second)", "(first)"),
    ("wrong_second_only", "took the second part alone", "right_product_rule", "(first + second)", "(second)"),
    (
        "wrong_no_inner",
        "forgot the inner derivative",
        "right_product_rule",
        " * c * (1 + 3 * 0.044715 * feat**2)",
        "",
    ),
    ("wrong_no_three", "forgot the factor 3", "right_product_rule", "3 * 0.044715", "0.044715"),
    ("wrong_tanh_slope", "took 1 - t for the slope of tanh", "right_product_rule", "(1 - t**2)", "(1 - t)"),
    (
        "wrong_no_half",
        "forgot the factor 1/2 of the second part",
        "right_product_rule",
        "0.5 * feat * (1",
        "feat * (1",
    ),
    (
        "wrong_no_feat",
        "forgot the factor x of the second part",
        "right_product_rule",
        "0.5 * feat * (1",
        "0.5 * (1",
    ),
    ("wrong_cosh", "forgot to square cosh", "right_cosh", "np.cosh(inner) ** 2", "np.cosh(inner)"),
    ("wrong_sigmoid", "forgot the factor 2", "right_sigmoid", "2 * feat * s", "feat * s"),
]
