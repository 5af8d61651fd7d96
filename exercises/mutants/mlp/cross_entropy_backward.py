"""Answers to the backward pass of the loss: right in several styles, wrong in the usual ways."""


def right_loops(self):
    """Sample by sample."""
    ### BEGIN SOLUTION cross-entropy-backward
    N = logit.shape[0]
    dlogit = np.array(logit)
    for n in range(N):
        dlogit[n, label[n]] -= 1
        if self.size_average:
            dlogit[n] = dlogit[n] / N
    ### END SOLUTION
    return dlogit


def right_onehot(self):
    """A one-hot table."""
    ### BEGIN SOLUTION cross-entropy-backward
    onehot = np.eye(logit.shape[1])[label]
    dlogit = logit - onehot
    dlogit = dlogit / len(label) if self.size_average else dlogit
    ### END SOLUTION
    return dlogit


def right_in_place(self):
    """Changed the kept probabilities, which nobody needs any more."""
    ### BEGIN SOLUTION cross-entropy-backward
    dlogit = logit
    dlogit[range(label.shape[0]), label] -= 1.0
    if self.size_average:
        dlogit /= label.shape[0]
    ### END SOLUTION
    return dlogit


EDITS = [
    (
        "wrong_not_averaged",
        "did not divide by the number of samples",
        "right_onehot",
        "dlogit / len(label) if self.size_average else dlogit",
        "dlogit",
    ),
    (
        "wrong_always_averaged",
        "always divided by the number of samples",
        "right_onehot",
        "dlogit / len(label) if self.size_average else dlogit",
        "dlogit / len(label)",
    ),
    ("wrong_no_label", "forgot to take away the right class", "right_onehot", "logit - onehot", "logit + 0"),
    ("wrong_sign", "turned the difference round", "right_onehot", "logit - onehot", "onehot - logit"),
    ("wrong_plus", "added the right class", "right_onehot", "logit - onehot", "logit + onehot"),
    (
        "wrong_by_classes",
        "divided by the number of classes",
        "right_onehot",
        "dlogit / len(label)",
        "dlogit / logit.shape[1]",
    ),
    (
        "wrong_only_right_class",
        "gave slopes to the right class only",
        "right_onehot",
        "logit - onehot",
        "(logit - onehot) * onehot",
    ),
    (
        "wrong_of_probabilities",
        "took the slope for the probabilities",
        "right_onehot",
        "logit - onehot",
        "-onehot / logit",
    ),
]
