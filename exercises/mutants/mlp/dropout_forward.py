"""Answers to the forward pass of dropout: right in several styles, wrong in the usual ways."""


def right_rand(self, feat, is_training, seed):
    """rand, compared with keep_prob; the mask kept as it is."""
    ### BEGIN SOLUTION dropout-forward
    if self.is_training and 0 < self.keep_prob < 1:
        kept = self.rng.rand(*feat.shape) < self.keep_prob
        output = np.where(kept, feat / self.keep_prob, 0)
    else:
        output = feat
    ### END SOLUTION
    return output


def right_binomial(self, feat, is_training, seed):
    """Coins from a binomial distribution; the scale is part of the mask."""
    ### BEGIN SOLUTION dropout-forward
    if self.keep_prob == 0 or self.keep_prob == 1 or not is_training:
        kept = np.ones(feat.shape)
        output = feat.copy()
    else:
        kept = self.rng.binomial(1, self.keep_prob, size=feat.shape) / self.keep_prob
        output = feat * kept
    self.scaled_mask = kept
    ### END SOLUTION
    ### BEGIN SOLUTION dropout-backward
    dfeat = dprev * self.scaled_mask
    ### END SOLUTION
    return output


def right_choice(self, feat, is_training, seed):
    """Chose between 1 and 0 with two probabilities."""
    ### BEGIN SOLUTION dropout-forward
    p = self.keep_prob if self.keep_prob != 0 else 1
    if self.is_training:
        kept = self.rng.choice([True, False], size=feat.shape, p=[p, 1 - p])
        output = feat * kept / p
    else:
        kept = None
        output = 1.0 * feat
    ### END SOLUTION
    return output


def wrong_test_scaled(self, feat, is_training, seed):
    """Scaled at test time, as the older form of dropout does, and not while training."""
    ### BEGIN SOLUTION dropout-forward
    if self.keep_prob in (0, 1):
        output = feat
    elif self.is_training:
        kept = self.rng.rand(*feat.shape) < self.keep_prob
        output = feat * kept
    else:
        output = feat * self.keep_prob
    ### END SOLUTION
    return output


EDITS = [
    ("wrong_not_scaled", "did not scale", "right_rand", "feat / self.keep_prob, 0)", "feat, 0)"),
    (
        "wrong_multiplied",
        "multiplied by keep_prob",
        "right_rand",
        "feat / self.keep_prob, 0)",
        "feat * self.keep_prob, 0)",
    ),
    (
        "wrong_drop_prob",
        "took keep_prob for the probability of dropping",
        "right_rand",
        ") < self.keep_prob",
        ") > self.keep_prob",
    ),
    (
        "wrong_drop_scale",
        "divided by the probability of dropping",
        "right_rand",
        "feat / self.keep_prob, 0)",
        "feat / (1 - self.keep_prob), 0)",
    ),
    ("wrong_always", "dropped at test time as well", "right_rand", "self.is_training and 0 <", "0 <"),
    ("wrong_global_rng", "drew from the global generator", "right_rand", "self.rng.rand(", "np.random.rand("),
    (
        "wrong_zero_drops_all",
        "dropped everything for keep_prob 0",
        "right_rand",
        "0 < self.keep_prob < 1:",
        "True:",
    ),
    (
        "wrong_columns",
        "drew one number for each column",
        "right_rand",
        "self.rng.rand(*feat.shape)",
        "self.rng.rand(1, *feat.shape[1:])",
    ),
    (
        "wrong_fixed_seed",
        "seeded the generator in every pass",
        "right_rand",
        "self.rng.rand(",
        "np.random.RandomState(self.keep_prob > 0).rand(",
    ),
    ("wrong_gauss", "drew from a normal distribution", "right_rand", "self.rng.rand(", "self.rng.randn("),
]
