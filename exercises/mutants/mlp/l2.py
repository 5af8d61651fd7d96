"""Answers to L2 regularization: right in several styles, wrong in the usual ways."""


def right_loop(self, lam):
    """Layer by layer, parameter by parameter."""
    ### BEGIN SOLUTION sequential-l2
    for layer in self.layers:
        for name in layer.params:
            layer.grads[name] = layer.grads[name] + 2 * lam * layer.params[name]
    ### END SOLUTION
    return None


def right_by_name(self, lam):
    """By the names of the parameters, in place."""
    ### BEGIN SOLUTION sequential-l2
    for name, index in self.paramName2Indices.items():
        layer = self.layers[index]
        layer.grads[name] += lam * (layer.params[name] + layer.params[name])
    ### END SOLUTION
    return None


def right_assign(self, lam):
    """With assign_grads."""
    ### BEGIN SOLUTION sequential-l2
    for layer in self.layers:
        for name, p in list(layer.params.items()):
            self.assign_grads(name, self.get_grads(name) + lam * 2 * p)
    ### END SOLUTION
    return None


EDITS = [
    ("wrong_factor", "forgot the factor 2", "right_loop", "2 * lam", "lam"),
    (
        "wrong_square",
        "added the square",
        "right_loop",
        "2 * lam * layer.params[name]",
        "lam * layer.params[name] ** 2",
    ),
    (
        "wrong_l1",
        "added the slope of L1",
        "right_loop",
        "2 * lam * layer.params[name]",
        "lam * np.sign(layer.params[name])",
    ),
    ("wrong_minus", "subtracted the penalty", "right_loop", "] + 2 * lam", "] - 2 * lam"),
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
        "layer.grads[name] += lam * (layer.params[name] + layer.params[name])",
        "layer.grads[name] += lam * (layer.params[name] + layer.params[name]) * (layer.params[name].ndim > 1)",
    ),
    (
        "wrong_params",
        "changed the parameters",
        "right_by_name",
        "layer.grads[name] += lam",
        "layer.params[name] = layer.params[name] - lam",
    ),
    (
        "wrong_last_layer",
        "left the loop too early",
        "right_loop",
        "for layer in self.layers:",
        "for layer in self.layers[-1:]:",
    ),
]
