"""Answers to the network of four layers: right in several styles, wrong in the usual ways."""


def right_sandwiches(self, X, y, scores, W1, b1, W2, b2, W3, b3, W4, b4):
    """Sandwich layers, gradients collected under their names."""
    ### BEGIN SOLUTION four-layer-init
    F, HH = num_filters, filter_size
    self.params["W1"] = weight_scale * np.random.randn(F, C, HH, HH)
    self.params["b1"] = np.zeros(F)
    self.params["W2"] = weight_scale * np.random.randn(F * (H // 2) * (W // 2), hidden_dim)
    self.params["b2"] = np.zeros(hidden_dim)
    self.params["W3"] = weight_scale * np.random.randn(hidden_dim, hidden_dim)
    self.params["b3"] = np.zeros(hidden_dim)
    self.params["W4"] = weight_scale * np.random.randn(hidden_dim, num_classes)
    self.params["b4"] = np.zeros(num_classes)
    ### END SOLUTION
    ### BEGIN SOLUTION four-layer-scores
    out1, cache1 = conv_relu_pool_forward(X, W1, b1, conv_param, pool_param)
    out2, cache2 = affine_relu_forward(out1, W2, b2)
    out3, cache3 = affine_relu_forward(out2, W3, b3)
    scores, cache4 = affine_forward(out3, W4, b4)
    ### END SOLUTION
    ### BEGIN SOLUTION four-layer-loss
    loss, dout = softmax_loss(scores, y)
    loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2) + np.sum(W3 * W3) + np.sum(W4 * W4))
    dout, dW4, grads["b4"] = affine_backward(dout, cache4)
    grads["W4"] = dW4 + self.reg * W4
    dout, dW3, grads["b3"] = affine_relu_backward(dout, cache3)
    grads["W3"] = dW3 + self.reg * W3
    dout, dW2, grads["b2"] = affine_relu_backward(dout, cache2)
    grads["W2"] = dW2 + self.reg * W2
    dx, dW1, db1 = conv_relu_pool_backward(dout, cache1)
    grads["W1"] = dW1 + self.reg * W1
    grads["b1"] = db1
    ### END SOLUTION
    return loss, grads


def right_normal(self, rng):
    """Drew the weights with np.random.normal, and flattened by hand."""
    ### BEGIN SOLUTION four-layer-init
    sizes = [num_filters * (H // 2) * (W // 2), hidden_dim, hidden_dim, num_classes]
    shapes = [(num_filters, C, filter_size, filter_size), *zip(sizes[:-1], sizes[1:])]
    for k, shape in enumerate(shapes, start=1):
        self.params[f"W{k}"] = np.random.normal(0.0, weight_scale, shape)
        self.params[f"b{k}"] = np.zeros(shape[0] if k == 1 else shape[1])
    ### END SOLUTION
    return sizes


def right_dictionaries(self, scores, y):
    """Summed the penalty in a loop over all names that begin with W."""
    ### BEGIN SOLUTION four-layer-loss
    loss, dscores = softmax_loss(scores, y)
    slopes = affine_backward(dscores, cache4)
    grads["W4"], grads["b4"] = slopes[1], slopes[2]
    slopes = affine_relu_backward(slopes[0], cache3)
    grads["W3"], grads["b3"] = slopes[1], slopes[2]
    slopes = affine_relu_backward(slopes[0], cache2)
    grads["W2"], grads["b2"] = slopes[1], slopes[2]
    back = conv_relu_pool_backward(slopes[0], cache1)
    grads["W1"], grads["b1"] = back[1], back[2]
    for name in [key for key in self.params if key[0] == "W"]:
        loss += self.reg * np.sum(self.params[name] ** 2) / 2
        grads[name] += self.reg * self.params[name]
    ### END SOLUTION
    return loss, grads


EDITS = [
    (
        "wrong_no_penalty_gradient",
        "Forgot the penalty in the gradient of W1, which reg = 0 cannot show.",
        "right_sandwiches",
        "dW1 + self.reg * W1",
        "dW1",
    ),
    (
        "wrong_no_penalty_loss",
        "Forgot the penalty in the loss.",
        "right_sandwiches",
        "loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2) + np.sum(W3 * W3) + np.sum(W4 * W4))",
        "loss += 0",
    ),
    (
        "wrong_no_half",
        "Left the factor 0.5 out of the loss.",
        "right_sandwiches",
        "loss += 0.5 * self.reg",
        "loss += self.reg",
    ),
    (
        "wrong_twice",
        "Doubled the gradient of the penalty.",
        "right_dictionaries",
        "grads[name] += self.reg * self.params[name]",
        "grads[name] += 2 * self.reg * self.params[name]",
    ),
    (
        "wrong_biases_penalized",
        "Penalized the biases as well.",
        "right_dictionaries",
        'if key[0] == "W"]',
        "]",
    ),
    (
        "wrong_init_scale",
        "Drew the first weights with standard deviation 1.",
        "right_normal",
        "np.random.normal(0.0, weight_scale, shape)",
        "np.random.normal(0.0, 1.0, shape)",
    ),
    (
        "wrong_init_bias",
        "Started the biases at one.",
        "right_normal",
        'self.params[f"b{k}"] = np.zeros(',
        'self.params[f"b{k}"] = np.ones(',
    ),
    (
        "wrong_size",
        "Forgot that pooling halves the image.",
        "right_normal",
        "num_filters * (H // 2) * (W // 2)",
        "num_filters * H * W",
    ),
    (
        "wrong_square",
        "Took the height for both sides of the image.",
        "right_normal",
        "(H // 2) * (W // 2)",
        "(H // 2) ** 2",
    ),
    (
        "wrong_grads_missing",
        "Forgot the gradient of b1.",
        "right_sandwiches",
        'grads["b1"] = db1',
        "db1 = None",
    ),
    (
        "wrong_no_relu",
        "Forgot the ReLU of the hidden layer.",
        "right_sandwiches",
        "out2, cache2 = affine_relu_forward(out1, W2, b2)",
        "out2, cache2 = affine_relu_forward(out1, W2, b2)\nout2 = out1.reshape(len(X), -1) @ W2 + b2",
    ),
]
