"""Answers to the network with one convolution: right in several styles, wrong in the usual ways."""


def right_sequential(self, num_filters, kernel_size, padding):
    """One chain of layers."""
    ### BEGIN SOLUTION intro-conv-net
    size = (28 - kernel_size + 2 * padding) // 1 + 1
    self.layers = nn.Sequential(
        nn.Conv2d(1, num_filters, kernel_size, padding=padding),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(num_filters * size**2, 100),
        nn.ReLU(),
        nn.Linear(100, 10),
    )
    ### END SOLUTION
    ### BEGIN SOLUTION intro-conv-net-forward
    scores = self.layers(x)
    ### END SOLUTION
    return self


def right_lazy(self, num_filters, kernel_size, padding):
    """A layer that finds out its size by itself; no bias at the end."""
    ### BEGIN SOLUTION intro-conv-net
    self.conv = nn.Conv2d(
        in_channels=1,
        out_channels=num_filters,
        kernel_size=(kernel_size, kernel_size),
        padding=(padding, padding),
    )
    self.fc1 = nn.LazyLinear(100)
    self.fc2 = nn.Linear(100, 10, bias=False)
    ### END SOLUTION
    ### BEGIN SOLUTION intro-conv-net-forward
    h = self.conv(x).clamp(min=0)
    h = h.reshape(h.shape[0], -1)
    h = self.fc1(h).clamp(min=0)
    scores = self.fc2(h)
    ### END SOLUTION
    return self


def right_measured(self, num_filters, kernel_size, padding):
    """The size measured on an image of zeros; the last layer made first."""
    ### BEGIN SOLUTION intro-conv-net
    self.l_out = nn.Linear(HIDDEN, NUM_CLASSES)
    self.conv_1 = nn.Conv2d(1, num_filters, kernel_size, stride=1, padding=padding)
    with torch.no_grad():
        numbers = self.conv_1(torch.zeros(1, 1, SIDE, SIDE)).numel()
    self.l_1 = nn.Linear(numbers, HIDDEN)
    ### END SOLUTION
    ### BEGIN SOLUTION intro-conv-net-forward
    x = nn.functional.relu(self.conv_1(x))
    x = x.view(-1, self.l_1.in_features)
    scores = self.l_out(nn.functional.relu(self.l_1(x)))
    ### END SOLUTION
    return self


def wrong_plain_list(self, num_filters, kernel_size, padding):
    """Kept the layers in a plain list, which no optimizer finds."""
    ### BEGIN SOLUTION intro-conv-net
    side = 29 + 2 * padding - kernel_size
    self.layers = [
        nn.Conv2d(1, num_filters, kernel_size, padding=padding),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(num_filters * side * side, 100),
        nn.ReLU(),
        nn.Linear(100, 10),
    ]
    ### END SOLUTION
    ### BEGIN SOLUTION intro-conv-net-forward
    for layer in self.layers:
        x = layer(x)
    scores = x
    ### END SOLUTION
    return self


EDITS = [
    (
        "wrong_softmax",
        "ended with softmax",
        "reference",
        "scores = self.out(x)",
        "scores = F.softmax(self.out(x), dim=1)",
    ),
    (
        "wrong_log_softmax",
        "ended with log_softmax",
        "reference",
        "scores = self.out(x)",
        "scores = F.log_softmax(self.out(x), dim=1)",
    ),
    (
        "wrong_no_conv_relu",
        "no ReLU after the convolution",
        "reference",
        "F.relu(self.conv_1(x))",
        "self.conv_1(x)",
    ),
    (
        "wrong_no_hidden_relu",
        "no ReLU after the hidden layer",
        "reference",
        "F.relu(self.hidden(x.flatten(1)))",
        "self.hidden(x.flatten(1))",
    ),
    (
        "wrong_relu_at_the_end",
        "ReLU after the last layer",
        "right_sequential",
        "nn.Linear(100, 10),",
        "nn.Linear(100, 10),\n        nn.ReLU(),",
    ),
    (
        "wrong_padding_not_used",
        "did not give the padding to the convolution",
        "right_lazy",
        "padding=(padding, padding)",
        "padding=0",
    ),
    (
        "wrong_size_without_padding",
        "left the padding out of the size",
        "reference",
        "SIDE + 2 * padding - kernel_size + 1",
        "SIDE - kernel_size + 1",
    ),
    (
        "wrong_padding_once",
        "counted the padding on one side only",
        "reference",
        "SIDE + 2 * padding - kernel_size + 1",
        "SIDE + padding - kernel_size + 1",
    ),
    (
        "wrong_fixed",
        "filters of 5x5, whatever is asked for",
        "right_lazy",
        "kernel_size=(kernel_size, kernel_size)",
        "kernel_size=(5, 5)",
    ),
    (
        "wrong_conv_not_called",
        "made the convolution and did not use it",
        "reference",
        "x = F.relu(self.conv_1(x))",
        "x = x.repeat(1, self.conv_1.out_channels, 1, 1)",
    ),
    ("wrong_nothing", "returned nothing", "reference", "scores = self.out(x)", "result = self.out(x)"),
]
