"""Answers to the small test network: right in several styles, wrong in the usual ways."""


def right_keywords(self):
    """Every argument by its name."""
    ### BEGIN SOLUTION test-cnn
    self.net = sequential(
        ConvLayer2D(
            input_channels=3,
            kernel_size=3,
            number_filters=3,
            stride=1,
            padding=0,
            init_scale=0.02,
            name="my_conv",
        ),
        MaxPoolingLayer(pool_size=2, stride=2, name="my_pool"),
        flatten(name="my_flat"),
        fc(input_dim=27, output_dim=5, init_scale=0.02, name="my_fc"),
    )
    ### END SOLUTION
    return self.net


def right_default_scale(self):
    """Relied on the convolution's default of 0.02, and passed the rest by position."""
    ### BEGIN SOLUTION test-cnn
    self.net = sequential(
        ConvLayer2D(3, 3, 3, name="conv1"), MaxPoolingLayer(2, 2, "pool1"), flatten(), fc(27, 5, 2e-2, "fc1")
    )
    ### END SOLUTION
    return self.net


def right_computed(self):
    """Asked the layer for its output size instead of computing by hand."""
    ### BEGIN SOLUTION test-cnn
    conv = ConvLayer2D(3, 3, 3, init_scale=0.02, name="c")
    _, height, width, channels = conv.get_output_size((1, 8, 8, 3))
    features = (height // 2) * (width // 2) * channels
    layers = [conv, MaxPoolingLayer(2, 2, name="p"), flatten(name="f")]
    layers.append(fc(features, 5, init_scale=0.02, name="out"))
    self.net = sequential(*layers)
    ### END SOLUTION
    return self.net


def right_fast_layers(self):
    """Built it of the fast layers: the same numbers."""
    ### BEGIN SOLUTION test-cnn
    self.net = sequential(
        FastConvLayer2D(3, 3, 3, init_scale=0.02, name="conv"),
        FastMaxPoolingLayer(2, 2, name="pool"),
        flatten(name="flat"),
        fc(27, 5, init_scale=0.02, name="fc"),
    )
    ### END SOLUTION
    return self.net


def wrong_pool_first(self):
    """Pooled before the convolution."""
    ### BEGIN SOLUTION test-cnn
    self.net = sequential(
        MaxPoolingLayer(2, 2, name="pool"),
        ConvLayer2D(3, 2, 3, init_scale=0.02, name="conv"),
        flatten(name="flat"),
        fc(27, 5, init_scale=0.02, name="fc"),
    )
    ### END SOLUTION
    return self.net


EDITS = [
    (
        "wrong_default_fc",
        "left the scale of fc at its default of 0.002",
        "right_keywords",
        "output_dim=5, init_scale=0.02,",
        "output_dim=5,",
    ),
    (
        "wrong_he_scale",
        "took the scale of He for the convolution",
        "right_computed",
        'init_scale=0.02, name="c"',
        'init_scale=np.sqrt(2 / 27), name="c"',
    ),
    (
        "wrong_padding",
        "padded by 1, so that 48 numbers arrive instead of 27",
        "right_keywords",
        "padding=0",
        "padding=1",
    ),
    (
        "wrong_padding_and_features",
        "padded by 1 and made the last layer fit",
        "right_computed",
        "conv = ConvLayer2D(3, 3, 3, init_scale",
        "conv = ConvLayer2D(3, 3, 3, padding=1, init_scale",
    ),
    (
        "wrong_pool_stride",
        "let the windows of the pooling overlap",
        "right_keywords",
        "stride=2, name",
        "stride=1, name",
    ),
    ("wrong_no_flatten", "forgot to flatten", "right_default_scale", "flatten(), ", ""),
    (
        "wrong_activation",
        "put an activation between convolution and pooling",
        "right_default_scale",
        'MaxPoolingLayer(2, 2, "pool1")',
        'relu(name="r"), MaxPoolingLayer(2, 2, "pool1")',
    ),
    ("wrong_ten_classes", "gave it ten scores", "right_keywords", "output_dim=5", "output_dim=10"),
    (
        "wrong_more_filters",
        "took 8 filters",
        "right_computed",
        "ConvLayer2D(3, 3, 3,",
        "ConvLayer2D(3, 3, 8,",
    ),
    ("wrong_same_names", "gave two layers one name", "right_keywords", '"my_fc"', '"my_conv"'),
]
