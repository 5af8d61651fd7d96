"""Answers to the responses of a convolution: right in several styles, wrong in the usual ways."""


def right_functional(conv, image):
    """The convolution as a function, with the layer's own settings."""
    ### BEGIN SOLUTION intro-filter-responses
    x = torch.as_tensor(image).reshape(1, 1, *image.shape)
    maps = torch.nn.functional.conv2d(x, conv.weight, conv.bias, stride=conv.stride, padding=conv.padding)
    responses = maps.squeeze(0).detach().numpy()
    ### END SOLUTION
    return responses


def right_detached(conv, image):
    """A batch of one, the graph cut off afterwards."""
    ### BEGIN SOLUTION intro-filter-responses
    batch = torch.tensor(image[np.newaxis, np.newaxis, :, :])
    responses = conv(batch).detach().numpy()[0]
    ### END SOLUTION
    return responses


def right_numpy(conv, image):
    """Loops over the windows in NumPy."""
    ### BEGIN SOLUTION intro-filter-responses
    w = conv.weight.detach().numpy()[:, 0]
    b = conv.bias.detach().numpy()
    p, s = conv.padding[0], conv.stride[0]
    x = np.pad(image, p)
    kh, kw = w.shape[1:]
    rows, cols = (x.shape[0] - kh) // s + 1, (x.shape[1] - kw) // s + 1
    responses = np.zeros((len(w), rows, cols))
    for i in range(rows):
        for j in range(cols):
            responses[:, i, j] = (w * x[i * s : i * s + kh, j * s : j * s + kw]).sum(axis=(1, 2)) + b
    ### END SOLUTION
    return responses


EDITS = [
    (
        "wrong_convolve2d",
        "used scipy's convolution, which flips",
        "right_numpy",
        "(w * x[",
        "(w[:, ::-1, ::-1] * x[",
    ),
    (
        "wrong_no_bias",
        "left the bias out",
        "right_functional",
        "conv.weight, conv.bias,",
        "conv.weight, None,",
    ),
    ("wrong_relu", "applied a ReLU", "right_detached", "conv(batch).detach()", "conv(batch).relu().detach()"),
    ("wrong_batch_axis", "left the axis of the batch", "right_detached", ".numpy()[0]", ".numpy()"),
    ("wrong_tensor", "returned a tensor", "reference", "conv(batch)[0].numpy()", "conv(batch)[0]"),
    ("wrong_no_padding", "left the padding out", "right_functional", "padding=conv.padding", "padding=0"),
    (
        "wrong_channels_last",
        "put the filters last",
        "reference",
        "conv(batch)[0].numpy()",
        "conv(batch)[0].numpy().transpose(1, 2, 0)",
    ),
    (
        "wrong_graph",
        "asked for a NumPy array of a tensor with a graph",
        "right_detached",
        "conv(batch).detach().numpy()[0]",
        "conv(batch).numpy()[0]",
    ),
    ("wrong_one_filter", "took the first filter only", "right_detached", ".numpy()[0]", ".numpy()[0, 0]"),
    ("wrong_no_stride", "moved by one pixel", "right_functional", "stride=conv.stride", "stride=1"),
]
