"""Answers to L1 regularization: right in several styles, wrong in the usual ways."""


def right_loop(self, lam):
    """Layer by layer, parameter by parameter."""
    ### BEGIN SOLUTION sequential-l1
    for layer in self.layers:
        for name in layer.params:
            layer.grads[name] = layer.grads[name] + lam * np.sign(layer.params[name])
    ### END SOLUTION
    return None


def right_by_name(self, lam):
    """By the names of the parameters, in place."""
    ### BEGIN SOLUTION sequential-l1
    for name, index in self.paramName2Indices.items():
        layer = self.layers[index]
        layer.grads[name] += np.sign(layer.params[name]) * lam
    ### END SOLUTION
    return None


def right_where(self, lam):
    """The sign by two comparisons."""
    ### BEGIN SOLUTION sequential-l1
    for layer in self.layers:
        for name, p in layer.params.items():
            sign = (p > 0).astype(float) - (p < 0).astype(float)
            self.assign_grads(name, layer.grads[name] + lam * sign)
    ### END SOLUTION
    return None


EDITS = [
    ("wrong_absolute", "added the absolute value", "right_loop", "np.sign(", "np.abs("),
    (
        "wrong_l2",
        "added the slope of L2",
        "right_loop",
        "lam * np.sign(layer.params[name])",
        "2 * lam * layer.params[name]",
    ),
    ("wrong_minus", "subtracted the penalty", "right_loop", "] + lam", "] - lam"),
    ("wrong_no_lam", "forgot lam", "right_loop", "lam * np.sign", "np.sign"),
    (
        "wrong_replaced",
        "replaced the gradient",
        "right_by_name",
        "layer.grads[name] +=",
        "layer.grads[name] =",
    ),
    (
        "wrong_weights_only",
        "left the biases out",
        "right_by_name",
        "layer.grads[name] += np.sign(layer.params[name]) * lam",
        "layer.grads[name] += np.sign(layer.params[name]) * lam * (layer.params[name].ndim > 1)",
    ),
    (
        "wrong_of_gradient",
        "took the sign of the gradient",
        "right_loop",
        "np.sign(layer.params[name])",
        "np.sign(layer.grads[name])",
    ),
    ("wrong_zero", "took 1 for the sign at 0", "right_where", "(p > 0)", "(p >= 0)"),
    (
        "wrong_params",
        "changed the parameters",
        "right_by_name",
        "layer.grads[name] +=",
        "layer.params[name] = layer.params[name] -",
    ),
]
