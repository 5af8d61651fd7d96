"""Answers to the forward pass of flatten and fc: right in several styles, wrong in the usual ways."""


def right_loops(self, feat):
    """One loop for each index of the formula."""
    ### BEGIN SOLUTION flatten-forward
    N = feat.shape[0]
    D = 1
    for length in feat.shape[1:]:
        D = D * length
    output = np.zeros((N, D))
    for n in range(N):
        output[n, :] = feat[n].flatten()
    ### END SOLUTION
    ### BEGIN SOLUTION fc-forward
    w = self.params[self.w_name]
    b = self.params[self.b_name]
    output = np.zeros((feat.shape[0], self.output_dim))
    for n in range(feat.shape[0]):
        for k in range(self.output_dim):
            total = b[k]
            for d in range(self.input_dim):
                total += feat[n, d] * w[d, k]
            output[n, k] = total
    ### END SOLUTION
    return output


def right_dot(self, feat):
    """NumPy's dot, and reshape with -1."""
    ### BEGIN SOLUTION flatten-forward
    output = np.reshape(feat, (feat.shape[0], -1))
    ### END SOLUTION
    ### BEGIN SOLUTION fc-forward
    output = np.dot(feat, self.params[self.w_name])
    output += self.params[self.b_name]
    ### END SOLUTION
    return output


def right_one_product(self, feat):
    """A column of ones, so that the biases are a row of the weights."""
    ### BEGIN SOLUTION flatten-forward
    output = np.stack([sample.ravel() for sample in feat])
    ### END SOLUTION
    ### BEGIN SOLUTION fc-forward
    ones = np.ones((feat.shape[0], 1))
    wb = np.vstack([self.params[self.w_name], self.params[self.b_name][None, :]])
    output = np.einsum("nd,dk->nk", np.hstack([feat, ones]), wb)
    ### END SOLUTION
    return output


def right_single_precision(self, feat):
    """Everything in float32."""
    ### BEGIN SOLUTION fc-forward
    w, b = self.params[self.w_name], self.params[self.b_name]
    output = np.tensordot(feat, w, axes=(1, 0)) + np.broadcast_to(b, (feat.shape[0], len(b)))
    ### END SOLUTION
    return output


EDITS = [
    ("wrong_no_bias", "forgot the biases", "right_dot", "output += self.params[self.b_name]", "pass"),
    (
        "wrong_bias_per_sample",
        "added the bias once for every sample",
        "right_dot",
        "output += self.params[self.b_name]",
        "output += feat.shape[0] * self.params[self.b_name]",
    ),
    (
        "wrong_bias_inside",
        "added the bias inside the sum over the features",
        "right_loops",
        "total += feat[n, d] * w[d, k]",
        "total += feat[n, d] * w[d, k] + b[k]",
    ),
    (
        "wrong_mean",
        "divided by the number of samples",
        "right_dot",
        "np.dot(feat, self.params[self.w_name])",
        "np.dot(feat, self.params[self.w_name]) / feat.shape[0]",
    ),
    (
        "wrong_transposed",
        "multiplied with the transposed weights",
        "right_dot",
        "self.params[self.w_name])",
        "self.params[self.w_name].T)",
    ),
    (
        "wrong_flat_all",
        "flattened the samples together",
        "right_dot",
        "np.reshape(feat, (feat.shape[0], -1))",
        "feat.flatten()",
    ),
    (
        "wrong_fortran",
        "flattened column by column",
        "right_dot",
        "np.reshape(feat, (feat.shape[0], -1))",
        "np.reshape(feat, (feat.shape[0], -1), order='F')",
    ),
    (
        "wrong_flat_transposed",
        "put the features in front",
        "right_dot",
        "np.reshape(feat, (feat.shape[0], -1))",
        "np.reshape(feat, (feat.shape[0], -1)).T",
    ),
    (
        "wrong_nothing",
        "computed, but assigned to another name",
        "right_dot",
        "output = np.reshape(",
        "out = np.reshape(",
    ),
]
