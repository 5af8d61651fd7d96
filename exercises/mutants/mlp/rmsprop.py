"""Answers to RMSProp: right in several styles, wrong in the usual ways."""


def right_if(self, layer):
    """Zeros where there is no average yet."""
    ### BEGIN SOLUTION rmsprop-update
    for name, grad in layer.grads.items():
        if name not in self.cache:
            self.cache[name] = np.zeros_like(grad)
        self.cache[name] = self.decay * self.cache[name] + (1 - self.decay) * np.square(grad)
        layer.params[name] = layer.params[name] - self.lr * grad / (np.sqrt(self.cache[name]) + self.eps)
    ### END SOLUTION
    return None


def right_in_place(self, layer):
    """In place, as a step towards the square."""
    ### BEGIN SOLUTION rmsprop-update
    for name in layer.params:
        g = layer.grads[name]
        c = self.cache.setdefault(name, np.zeros(g.shape))
        c += (1 - self.decay) * (g**2 - c)
        layer.params[name] -= self.lr / (c**0.5 + self.eps) * g
    ### END SOLUTION
    return None


def right_get(self, layer):
    """A number in place of the missing average."""
    ### BEGIN SOLUTION rmsprop-update
    for n, p in layer.params.items():
        d = self.decay
        self.cache[n] = d * self.cache.get(n, 0.0) + (1 - d) * layer.grads[n] ** 2
        scale = self.eps + np.sqrt(self.cache[n])
        layer.params[n] = p - np.divide(self.lr * layer.grads[n], scale)
    ### END SOLUTION
    return None


def wrong_old_average(self, layer):
    """Used the average before it was updated."""
    ### BEGIN SOLUTION rmsprop-update
    for n, p in layer.params.items():
        scale = self.eps + np.sqrt(self.cache.get(n, 0.0))
        layer.params[n] = p - self.lr * layer.grads[n] / scale
        self.cache[n] = self.decay * self.cache.get(n, 0.0) + (1 - self.decay) * layer.grads[n] ** 2
    ### END SOLUTION
    return None


EDITS = [
    (
        "wrong_eps_inside",
        "put eps inside the root",
        "right_if",
        "(np.sqrt(self.cache[name]) + self.eps)",
        "np.sqrt(self.cache[name] + self.eps)",
    ),
    ("wrong_no_root", "forgot the root", "right_if", "np.sqrt(self.cache[name])", "self.cache[name]"),
    ("wrong_no_square", "forgot the square", "right_if", "np.square(grad)", "grad"),
    (
        "wrong_exchanged",
        "exchanged the weights of old and new",
        "right_if",
        "self.decay * self.cache[name] + (1 - self.decay) * np",
        "(1 - self.decay) * self.cache[name] + self.decay * np",
    ),
    (
        "wrong_adagrad",
        "added the squares up",
        "right_if",
        "self.decay * self.cache[name] + (1 - self.decay) * np.square(grad)",
        "self.cache[name] + np.square(grad)",
    ),
    ("wrong_sign", "went up the slope", "right_get", "p - np.divide", "p + np.divide"),
    ("wrong_not_kept", "did not keep the average", "right_if", "if name not in self.cache:", "if name:"),
    ("wrong_no_lr", "forgot lr", "right_if", "self.lr * grad", "grad"),
]
