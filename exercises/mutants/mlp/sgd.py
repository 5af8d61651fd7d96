"""Answers to SGD with weight decay: right in several styles, wrong in the usual ways."""


def right_loop(self, layer):
    """Parameter by parameter."""
    ### BEGIN SOLUTION sgd-update
    for name in layer.grads:
        decay = self.weight_decay * layer.params[name]
        step = self.lr * layer.grads[name]
        layer.params[name] = layer.params[name] - step - decay
    ### END SOLUTION
    return None


def right_in_place(self, layer):
    """In place, decay first."""
    ### BEGIN SOLUTION sgd-update
    for name, param in layer.params.items():
        param *= 1 - self.weight_decay
        param -= self.lr * layer.grads[name]
    ### END SOLUTION
    return None


def right_comprehension(self, layer):
    """All parameters in one expression."""
    ### BEGIN SOLUTION sgd-update
    keep = 1.0 - self.weight_decay
    new = {n: keep * p - self.lr * layer.grads[n] for n, p in layer.params.items()}
    layer.params.update(new)
    ### END SOLUTION
    return None


def wrong_decay_after(self, layer):
    """Took the decay of the moved parameter."""
    ### BEGIN SOLUTION sgd-update
    for name, param in layer.params.items():
        param -= self.lr * layer.grads[name]
        param *= 1 - self.weight_decay
    ### END SOLUTION
    return None


EDITS = [
    (
        "wrong_coupled",
        "multiplied the decay by lr",
        "right_loop",
        "decay = self.weight_decay",
        "decay = self.lr * self.weight_decay",
    ),
    ("wrong_no_decay", "forgot the decay", "right_loop", " - step - decay", " - step"),
    ("wrong_decay_sign", "added the decay", "right_loop", "- step - decay", "- step + decay"),
    ("wrong_sign", "went up the slope", "right_loop", "- step - decay", "+ step - decay"),
    ("wrong_no_lr", "forgot lr", "right_loop", "self.lr * layer", "layer"),
    (
        "wrong_replaced",
        "replaced the parameter by the step",
        "right_loop",
        "layer.params[name] - step - decay",
        "-step - decay",
    ),
    (
        "wrong_not_stored",
        "computed, and stored nothing",
        "right_loop",
        "layer.params[name] = layer.params[name] - step",
        "param = layer.params[name] - step",
    ),
    (
        "wrong_decay_of_gradient",
        "took the decay of the gradient",
        "right_loop",
        "self.weight_decay * layer.params[name]",
        "self.weight_decay * layer.grads[name]",
    ),
]
