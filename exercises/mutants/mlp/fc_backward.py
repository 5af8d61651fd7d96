"""Answers to the backward pass of flatten and fc: right in several styles, wrong in the usual ways."""


def right_loops(self, dprev):
    """Added up sample by sample."""
    ### BEGIN SOLUTION flatten-backward
    dfeat = np.zeros(feat.shape)
    for n in range(feat.shape[0]):
        dfeat[n] = dprev[n].reshape(feat.shape[1:])
    ### END SOLUTION
    ### BEGIN SOLUTION fc-backward
    w = self.params[self.w_name]
    dfeat = np.zeros(feat.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(w.shape[1])
    for n in range(feat.shape[0]):
        for k in range(w.shape[1]):
            dw[:, k] += feat[n] * dprev[n, k]
            dfeat[n] += w[:, k] * dprev[n, k]
            db[k] += dprev[n, k]
    self.grads[self.w_name] = dw
    self.grads[self.b_name] = db
    ### END SOLUTION
    return dfeat


def right_einsum(self, dprev):
    """Each gradient as an einsum, both stored at once."""
    ### BEGIN SOLUTION flatten-backward
    dfeat = np.reshape(dprev, self.meta.shape)
    ### END SOLUTION
    ### BEGIN SOLUTION fc-backward
    self.grads = {
        self.w_name: np.einsum("nd,nk->dk", feat, dprev),
        self.b_name: np.einsum("nk->k", dprev),
    }
    dfeat = np.einsum("nk,dk->nd", dprev, self.params[self.w_name])
    ### END SOLUTION
    return dfeat


def right_dot(self, dprev):
    """NumPy's dot; the sum over samples as a product with ones."""
    ### BEGIN SOLUTION fc-backward
    N = dprev.shape[0]
    dfeat = np.dot(dprev, np.transpose(self.params[self.w_name]))
    self.grads[self.w_name] = np.dot(np.transpose(feat), dprev)
    self.grads[self.b_name] = np.dot(np.ones(N), dprev)
    ### END SOLUTION
    return dfeat


EDITS = [
    (
        "wrong_mean",
        "averaged over the batch",
        "right_einsum",
        'np.einsum("nd,nk->dk", feat, dprev)',
        'np.einsum("nd,nk->dk", feat, dprev) / len(feat)',
    ),
    (
        "wrong_db_mean",
        "averaged the slopes of the biases",
        "right_dot",
        "np.dot(np.ones(N), dprev)",
        "np.mean(dprev, axis=0)",
    ),
    (
        "wrong_dw_transposed",
        "transposed the gradient of the weights",
        "right_einsum",
        '"nd,nk->dk"',
        '"nd,nk->kd"',
    ),
    (
        "wrong_not_transposed",
        "did not transpose the weights",
        "right_dot",
        "np.transpose(self.params[self.w_name])",
        "self.params[self.w_name]",
    ),
    (
        "wrong_db_not_summed",
        "kept one gradient of the biases for each sample",
        "right_dot",
        "np.dot(np.ones(N), dprev)",
        "dprev",
    ),
    (
        "wrong_db_axis",
        "summed over the outputs",
        "right_dot",
        "np.dot(np.ones(N), dprev)",
        "dprev.sum(axis=1)",
    ),
    ("wrong_db_scalar", "summed over everything", "right_dot", "np.dot(np.ones(N), dprev)", "dprev.sum()"),
    (
        "wrong_last_sample",
        "assigned where the samples add up",
        "right_loops",
        "dw[:, k] += feat[n] * dprev[n, k]",
        "dw[:, k] = feat[n] * dprev[n, k]",
    ),
    (
        "wrong_not_stored",
        "forgot to store the gradient of the biases",
        "right_dot",
        "self.grads[self.b_name] = np.dot(",
        "db = np.dot(",
    ),
    (
        "wrong_keepdims",
        "kept the summed axis",
        "right_dot",
        "np.dot(np.ones(N), dprev)",
        "dprev.sum(axis=0, keepdims=True)",
    ),
    (
        "wrong_flatten_flat",
        "left the gradient of flatten flat",
        "right_einsum",
        "np.reshape(dprev, self.meta.shape)",
        "dprev",
    ),
]
