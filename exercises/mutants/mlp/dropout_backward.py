"""Answers to the backward pass of dropout: right in several styles, wrong in the usual ways."""


def right_if(self, dprev):
    """Asked again whether anything was dropped."""
    ### BEGIN SOLUTION dropout-backward
    if not self.is_training or self.keep_prob == 0 or self.keep_prob == 1:
        dfeat = dprev
    else:
        dfeat = self.kept * dprev / self.keep_prob
    ### END SOLUTION
    return dfeat


def right_where(self, dprev):
    """np.where; ones in place of a missing mask."""
    ### BEGIN SOLUTION dropout-backward
    mask = np.ones(dprev.shape, dtype=bool) if self.kept is None else self.kept
    scale = 1.0 if self.kept is None else 1.0 / self.keep_prob
    dfeat = np.where(mask, dprev * scale, 0.0)
    ### END SOLUTION
    return dfeat


def right_loop(self, dprev):
    """Entry by entry."""
    ### BEGIN SOLUTION dropout-backward
    dfeat = np.copy(dprev)
    if self.kept is not None:
        for index in np.ndindex(dprev.shape):
            if self.kept[index]:
                dfeat[index] = dprev[index] / self.keep_prob
            else:
                dfeat[index] = 0
    ### END SOLUTION
    return dfeat


def right_mask_with_scale(self, feat, dprev):
    """Kept the scaled mask, and used it both ways."""
    ### BEGIN SOLUTION dropout-forward
    kept = np.ones_like(feat)
    if self.is_training and self.keep_prob > 0:
        kept = (self.rng.uniform(size=feat.shape) < self.keep_prob) / self.keep_prob
    output = feat * kept
    ### END SOLUTION
    ### BEGIN SOLUTION dropout-backward
    dfeat = dprev * self.kept
    ### END SOLUTION
    return dfeat


EDITS = [
    (
        "wrong_not_scaled",
        "did not scale the slopes",
        "right_if",
        "self.kept * dprev / self.keep_prob",
        "self.kept * dprev",
    ),
    (
        "wrong_multiplied",
        "multiplied by keep_prob",
        "right_if",
        "dprev / self.keep_prob",
        "dprev * self.keep_prob",
    ),
    (
        "wrong_redrawn",
        "drew a new mask",
        "right_if",
        "self.kept * dprev",
        "(self.rng.rand(*dprev.shape) < self.keep_prob) * dprev",
    ),
    ("wrong_no_mask", "scaled everything", "right_if", "self.kept * dprev", "dprev"),
    ("wrong_turned", "let pass what was dropped", "right_if", "self.kept * dprev", "(1 - self.kept) * dprev"),
    (
        "wrong_scaled_twice",
        "divided by keep_prob twice",
        "right_if",
        "dprev / self.keep_prob",
        "dprev / self.keep_prob**2",
    ),
    ("wrong_passed_on", "passed the slopes on", "right_if", "self.kept * dprev / self.keep_prob", "dprev"),
    (
        "wrong_zero_divides",
        "divided by keep_prob 0",
        "right_if",
        " or self.keep_prob == 0 or self.keep_prob == 1",
        "",
    ),
]


def wrong_stale_mask(self, feat, dprev):
    """Kept the mask of the training pass, and used it after a test pass."""
    ### BEGIN SOLUTION dropout-forward
    output = feat
    if self.is_training and 0 < self.keep_prob < 1:
        self.mask = (self.rng.random_sample(feat.shape) < self.keep_prob) / self.keep_prob
        output = feat * self.mask
    elif not hasattr(self, "mask"):
        self.mask = 1.0
    ### END SOLUTION
    ### BEGIN SOLUTION dropout-backward
    dfeat = dprev * self.mask
    ### END SOLUTION
    return dfeat
