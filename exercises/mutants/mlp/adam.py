"""Answers to Adam with weight decay: right in several styles, wrong in the usual ways."""


def right_if(self, layer):
    """Zeros where there are no averages yet."""
    ### BEGIN SOLUTION adam-update
    for name in layer.grads:
        g = layer.grads[name]
        if name not in self.mt:
            self.mt[name] = np.zeros_like(g)
            self.vt[name] = np.zeros_like(g)
        self.mt[name] = self.beta1 * self.mt[name] + (1 - self.beta1) * g
        self.vt[name] = self.beta2 * self.vt[name] + (1 - self.beta2) * g**2
        m_hat = self.mt[name] / (1 - self.beta1**self.t)
        v_hat = self.vt[name] / (1 - self.beta2**self.t)
        decay = self.weight_decay * layer.params[name]
        layer.params[name] = layer.params[name] - self.lr * m_hat / (np.sqrt(v_hat) + self.eps) - decay
    ### END SOLUTION
    return None


def right_in_place(self, layer):
    """In place, decay first."""
    ### BEGIN SOLUTION adam-update
    for name, p in layer.params.items():
        g = layer.grads[name]
        m = self.mt.setdefault(name, np.zeros(p.shape))
        v = self.vt.setdefault(name, np.zeros(p.shape))
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        p *= 1 - self.weight_decay
        p -= self.lr * (m / (1 - self.beta1**self.t)) / (np.sqrt(v / (1 - self.beta2**self.t)) + self.eps)
    ### END SOLUTION
    return None


def right_one_rate(self, layer):
    """Both corrections in the rate and in eps, as the paper's last remark of section 2 has it."""
    ### BEGIN SOLUTION adam-update
    root = np.sqrt(1 - self.beta2**self.t)
    rate = self.lr * root / (1 - self.beta1**self.t)
    for n, g in layer.grads.items():
        self.mt[n] = self.beta1 * self.mt.get(n, 0) + (1 - self.beta1) * g
        self.vt[n] = self.beta2 * self.vt.get(n, 0) + (1 - self.beta2) * np.square(g)
        old = layer.params[n]
        layer.params[n] = old - rate * self.mt[n] / (np.sqrt(self.vt[n]) + self.eps * root)
        layer.params[n] = layer.params[n] - self.weight_decay * old
    ### END SOLUTION
    return None


def wrong_no_correction(self, layer):
    """Forgot both corrections."""
    ### BEGIN SOLUTION adam-update
    for name, p in layer.params.items():
        g = layer.grads[name]
        m = self.mt[name] = self.beta1 * self.mt.get(name, 0) + (1 - self.beta1) * g
        v = self.vt[name] = self.beta2 * self.vt.get(name, 0) + (1 - self.beta2) * g**2
        layer.params[name] = p - self.lr * m / (np.sqrt(v) + self.eps) - self.weight_decay * p
    ### END SOLUTION
    return None


def wrong_counts_again(self, layer):
    """Counted the step in update as well, once for each layer."""
    ### BEGIN SOLUTION adam-update
    self.t += 1
    for name, p in layer.params.items():
        g = layer.grads[name]
        self.mt[name] = self.beta1 * self.mt.get(name, 0) + (1 - self.beta1) * g
        self.vt[name] = self.beta2 * self.vt.get(name, 0) + (1 - self.beta2) * g**2
        m, v = self.mt[name] / (1 - self.beta1**self.t), self.vt[name] / (1 - self.beta2**self.t)
        layer.params[name] = p - self.lr * m / (np.sqrt(v) + self.eps) - self.weight_decay * p
    ### END SOLUTION
    return None


def wrong_keeps_corrected(self, layer):
    """Kept the corrected averages."""
    ### BEGIN SOLUTION adam-update
    for name, p in layer.params.items():
        g = layer.grads[name]
        self.mt[name] = self.beta1 * self.mt.get(name, 0) + (1 - self.beta1) * g
        self.vt[name] = self.beta2 * self.vt.get(name, 0) + (1 - self.beta2) * g**2
        self.mt[name] = self.mt[name] / (1 - self.beta1**self.t)
        self.vt[name] = self.vt[name] / (1 - self.beta2**self.t)
        layer.params[name] = (
            p - self.lr * self.mt[name] / (np.sqrt(self.vt[name]) + self.eps) - self.weight_decay * p
        )
    ### END SOLUTION
    return None


def wrong_t_ahead(self, layer):
    """Took t + 1 in the corrections."""
    ### BEGIN SOLUTION adam-update
    t = self.t + 1
    for name, p in layer.params.items():
        g = layer.grads[name]
        self.mt[name] = self.beta1 * self.mt.get(name, 0) + (1 - self.beta1) * g
        self.vt[name] = self.beta2 * self.vt.get(name, 0) + (1 - self.beta2) * g**2
        m, v = self.mt[name] / (1 - self.beta1**t), self.vt[name] / (1 - self.beta2**t)
        layer.params[name] = p - self.lr * m / (np.sqrt(v) + self.eps) - self.weight_decay * p
    ### END SOLUTION
    return None


def wrong_l2(self, layer):
    """Added the decay to the gradient."""
    ### BEGIN SOLUTION adam-update
    for name, p in layer.params.items():
        g = layer.grads[name] + self.weight_decay * p
        self.mt[name] = self.beta1 * self.mt.get(name, 0) + (1 - self.beta1) * g
        self.vt[name] = self.beta2 * self.vt.get(name, 0) + (1 - self.beta2) * g**2
        m, v = self.mt[name] / (1 - self.beta1**self.t), self.vt[name] / (1 - self.beta2**self.t)
        layer.params[name] = p - self.lr * m / (np.sqrt(v) + self.eps)
    ### END SOLUTION
    return None


EDITS = [
    (
        "wrong_m_not_corrected",
        "did not correct m",
        "right_if",
        "m_hat = self.mt[name] / (1 - self.beta1**self.t)",
        "m_hat = self.mt[name]",
    ),
    (
        "wrong_eps_inside",
        "put eps inside the root",
        "right_if",
        "(np.sqrt(v_hat) + self.eps)",
        "np.sqrt(v_hat + self.eps)",
    ),
    (
        "wrong_coupled",
        "multiplied the decay by lr",
        "right_if",
        "decay = self.weight_decay",
        "decay = self.lr * self.weight_decay",
    ),
    (
        "wrong_no_decay",
        "forgot the decay",
        "right_if",
        "(np.sqrt(v_hat) + self.eps) - decay",
        "(np.sqrt(v_hat) + self.eps)",
    ),
    ("wrong_no_square", "forgot the square", "right_if", "g**2", "np.abs(g)"),
    ("wrong_sign", "went up the slope", "right_if", "- self.lr * m_hat", "+ self.lr * m_hat"),
]
