"""What makes the given network with dropout go wrong: layers of other exercises. It has no region of its own."""


def right_other_layers(self, feat, dprev):
    """Dropout and GELU in other styles."""
    ### BEGIN SOLUTION dropout-forward
    output = feat
    if self.is_training and 0 < self.keep_prob < 1:
        kept = (self.rng.rand(*feat.shape) < self.keep_prob).astype(feat.dtype)
        output = feat * kept / self.keep_prob
    ### END SOLUTION
    ### BEGIN SOLUTION gelu-forward
    self.tanh = np.tanh(self.K0 * (feat + self.K1 * feat * feat * feat))
    output = 0.5 * feat * (1 + self.tanh)
    ### END SOLUTION
    return None


def right_einsum(self, feat, dprev):
    """The fully connected layer by einsum."""
    ### BEGIN SOLUTION fc-backward
    self.grads[self.w_name] = np.einsum("nd,nk->dk", feat, dprev)
    self.grads[self.b_name] = np.einsum("nk->k", dprev)
    dfeat = np.einsum("nk,dk->nd", dprev, self.params[self.w_name])
    ### END SOLUTION
    return None


def right_binomial(self, feat, dprev):
    """Coins from a binomial distribution."""
    ### BEGIN SOLUTION dropout-forward
    if not self.is_training or self.keep_prob in (0, 1):
        output = feat
    else:
        kept = self.rng.binomial(1, self.keep_prob, feat.shape)
        output = feat * kept / self.keep_prob
    ### END SOLUTION
    return None


EDITS = [
    (
        "wrong_not_scaled",
        "dropout does not scale",
        "right_other_layers",
        "feat * kept / self.keep_prob",
        "feat * kept",
    ),
    (
        "wrong_never",
        "dropout never drops",
        "right_other_layers",
        "if self.is_training and 0 <",
        "if not self.is_training and 0 <",
    ),
    ("wrong_all", "keep_prob 0 drops everything", "right_binomial", "in (0, 1)", "in (1,)"),
    (
        "wrong_gelu",
        "GELU lacks its cube",
        "right_other_layers",
        "self.K1 * feat * feat * feat",
        "self.K1 * feat * feat",
    ),
    (
        "wrong_fc",
        "the gradient of the weights is a mean",
        "right_einsum",
        'np.einsum("nd,nk->dk", feat, dprev)',
        'np.einsum("nd,nk->dk", feat, dprev) / len(feat)',
    ),
    (
        "wrong_bias",
        "the gradient of the biases is a mean",
        "right_einsum",
        'np.einsum("nk->k", dprev)',
        "dprev.mean(axis=0)",
    ),
]
