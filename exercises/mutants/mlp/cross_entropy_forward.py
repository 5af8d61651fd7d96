"""Answers to softmax and loss: right in several styles, wrong in the usual ways."""


def right_loops(feat, label, self):
    """Sample by sample."""
    ### BEGIN SOLUTION softmax
    scores = np.zeros(feat.shape)
    for n in range(feat.shape[0]):
        powers = np.exp(feat[n] - np.max(feat[n]))
        scores[n] = powers / np.sum(powers)
    ### END SOLUTION
    ### BEGIN SOLUTION cross-entropy-forward
    logit = softmax(feat)
    loss = 0.0
    for n in range(feat.shape[0]):
        loss -= np.log(softmax(feat)[n, label[n]])
    if self.size_average:
        loss = loss / feat.shape[0]
    ### END SOLUTION
    return loss


def right_indexing(feat, label, self):
    """Fancy indexing, and a small number against log(0)."""
    ### BEGIN SOLUTION softmax
    shifted = feat - np.max(feat, axis=1, keepdims=True)
    scores = np.exp(shifted) / np.sum(np.exp(shifted), axis=1, keepdims=True)
    ### END SOLUTION
    ### BEGIN SOLUTION cross-entropy-forward
    logit = softmax(feat)
    each = -np.log(logit[range(len(label)), label] + 1e-12)
    loss = np.mean(each) if self.size_average else np.sum(each)
    ### END SOLUTION
    return loss


def right_onehot(feat, label, self):
    """A one-hot table, and the logarithm of softmax."""
    ### BEGIN SOLUTION softmax
    c = feat.max()
    scores = (np.exp(feat - c).T / np.exp(feat - c).sum(axis=-1)).T
    ### END SOLUTION
    ### BEGIN SOLUTION cross-entropy-forward
    logit = softmax(feat)
    onehot = np.zeros_like(feat)
    onehot[np.arange(feat.shape[0]), label] = 1
    m = feat.max(axis=1, keepdims=True)
    log_p = feat - m - np.log(np.exp(feat - m).sum(axis=1, keepdims=True))
    loss = -(onehot * log_p).sum()
    loss /= len(feat) if self.size_average else 1
    ### END SOLUTION
    return loss


EDITS = [
    (
        "wrong_overflow",
        "did not subtract the maximum",
        "right_indexing",
        "feat - np.max(feat, axis=1, keepdims=True)",
        "feat",
    ),
    (
        "wrong_axis",
        "divided by the sum over the samples",
        "right_indexing",
        "np.sum(np.exp(shifted), axis=1, keepdims=True)",
        "np.sum(np.exp(shifted), axis=0, keepdims=True)",
    ),
    (
        "wrong_whole_sum",
        "divided by the sum of everything",
        "right_indexing",
        "np.sum(np.exp(shifted), axis=1, keepdims=True)",
        "np.sum(np.exp(shifted))",
    ),
    (
        "wrong_not_averaged",
        "always summed",
        "right_indexing",
        "np.mean(each) if self.size_average else np.sum(each)",
        "np.sum(each)",
    ),
    (
        "wrong_always_averaged",
        "always averaged",
        "right_indexing",
        "np.mean(each) if self.size_average else np.sum(each)",
        "np.mean(each)",
    ),
    ("wrong_sign", "forgot the minus", "right_indexing", "each = -np.log", "each = np.log"),
    ("wrong_log2", "took the logarithm to base 2", "right_indexing", "np.log(logit[", "np.log2(logit["),
    (
        "wrong_no_log",
        "forgot the logarithm",
        "right_indexing",
        "-np.log(logit[range(len(label)), label] + 1e-12)",
        "-logit[range(len(label)), label]",
    ),
    (
        "wrong_all_classes",
        "added up the logarithms of all classes",
        "right_onehot",
        "(onehot * log_p).sum()",
        "log_p.sum()",
    ),
    (
        "wrong_not_kept",
        "did not keep the probabilities",
        "right_loops",
        "logit = softmax(feat)",
        "logit = None",
    ),
]
