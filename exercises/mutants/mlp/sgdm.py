"""Answers to SGD with momentum: right in several styles, wrong in the usual ways."""


def right_if(self, layer):
    """Zeros where there is no velocity yet."""
    ### BEGIN SOLUTION sgdm-update
    for name in layer.params:
        if name not in self.velocity:
            self.velocity[name] = np.zeros(layer.params[name].shape)
        self.velocity[name] = self.momentum * self.velocity[name] - self.lr * layer.grads[name]
        layer.params[name] = layer.params[name] + self.velocity[name]
    ### END SOLUTION
    return None


def right_in_place(self, layer):
    """In place, with setdefault."""
    ### BEGIN SOLUTION sgdm-update
    for name, grad in layer.grads.items():
        v = self.velocity.setdefault(name, np.zeros_like(grad))
        v *= self.momentum
        v -= self.lr * grad
        layer.params[name] += v
    ### END SOLUTION
    return None


def right_get(self, layer):
    """A number in place of the missing velocity."""
    ### BEGIN SOLUTION sgdm-update
    for n, g in layer.grads.items():
        new = self.momentum * self.velocity.get(n, 0) - self.lr * g
        layer.params[n], self.velocity[n] = layer.params[n] + new, new
    ### END SOLUTION
    return None


def wrong_other_sign(self, layer):
    """Kept the velocity with the other sign."""
    ### BEGIN SOLUTION sgdm-update
    for n, g in layer.grads.items():
        self.velocity[n] = self.momentum * self.velocity.get(n, 0) + self.lr * g
        layer.params[n] = layer.params[n] - self.velocity[n]
    ### END SOLUTION
    return None


def wrong_lr_on_all(self, layer):
    """Multiplied the velocity by lr."""
    ### BEGIN SOLUTION sgdm-update
    for n, g in layer.grads.items():
        self.velocity[n] = self.momentum * self.velocity.get(n, 0) + g
        layer.params[n] = layer.params[n] - self.lr * self.velocity[n]
    ### END SOLUTION
    return None


EDITS = [
    ("wrong_up", "added the gradient", "right_if", "- self.lr * layer", "+ self.lr * layer"),
    (
        "wrong_subtracted",
        "subtracted the velocity",
        "right_if",
        "] + self.velocity[name]",
        "] - self.velocity[name]",
    ),
    (
        "wrong_average",
        "weighted the gradient with 1 - momentum",
        "right_if",
        "- self.lr * layer",
        "- (1 - self.momentum) * self.lr * layer",
    ),
    (
        "wrong_no_momentum",
        "forgot the momentum",
        "right_if",
        "self.momentum * self.velocity[name]",
        "self.velocity[name]",
    ),
    (
        "wrong_not_kept",
        "did not keep the velocity",
        "right_get",
        "layer.params[n], self.velocity[n] = layer.params[n] + new, new",
        "layer.params[n] = layer.params[n] + new",
    ),
    (
        "wrong_plain",
        "moved by the gradient alone",
        "right_if",
        "] + self.velocity[name]",
        "] - self.lr * layer.grads[name]",
    ),
    (
        "wrong_forgets",
        "set the velocity to zero in every step",
        "right_if",
        "if name not in self.velocity:",
        "if name:",
    ),
]
