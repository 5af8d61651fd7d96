"""Answers to the network with dropout and batch norm: right in several styles, wrong in the usual ways."""


def right_sequential(self, num_filters, kernel_size, dropout):
    """One chain of layers; whole feature maps are dropped."""
    ### BEGIN SOLUTION intro-regularized-net
    self.net = nn.Sequential(
        nn.Conv2d(1, num_filters, kernel_size, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(num_filters),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout2d(dropout),
        nn.Flatten(),
        nn.Linear(num_filters * 14 * 14, 100),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(100, 10),
    )
    ### END SOLUTION
    ### BEGIN SOLUTION intro-regularized-net-forward
    scores = self.net(x)
    ### END SOLUTION
    return self


def right_functional(self, num_filters, kernel_size, dropout):
    """Dropout as a function that is told the mode."""
    ### BEGIN SOLUTION intro-regularized-net
    self.p = dropout
    self.conv_1 = nn.Conv2d(1, num_filters, kernel_size, padding="same")
    self.bn = nn.BatchNorm2d(num_filters)
    self.l_1 = nn.Linear(num_filters * 196, 100)
    self.l_out = nn.Linear(100, 10, bias=False)
    ### END SOLUTION
    ### BEGIN SOLUTION intro-regularized-net-forward
    x = F.max_pool2d(F.relu(self.bn(self.conv_1(x))), 2)
    x = F.dropout(x, self.p, training=self.training)
    x = F.relu(self.l_1(x.flatten(1)))
    scores = self.l_out(F.dropout(x, self.p, self.training))
    ### END SOLUTION
    return self


def right_lazy(self, num_filters, kernel_size, dropout):
    """Layers that find out their sizes; two dropouts; dropped after flattening."""
    ### BEGIN SOLUTION intro-regularized-net
    pad = (kernel_size - 1) // 2
    self.features = nn.Sequential(
        nn.LazyConv2d(num_filters, kernel_size, padding=pad), nn.LazyBatchNorm2d(), nn.ReLU()
    )
    self.drop1, self.drop2 = nn.Dropout(p=dropout), nn.Dropout(p=dropout)
    self.fc1, self.fc2 = nn.LazyLinear(100), nn.LazyLinear(10)
    ### END SOLUTION
    ### BEGIN SOLUTION intro-regularized-net-forward
    h = F.max_pool2d(self.features(x), kernel_size=2, stride=2)
    h = self.drop1(torch.flatten(h, 1))
    h = self.drop2(self.fc1(h).relu())
    scores = self.fc2(h)
    ### END SOLUTION
    return self


def wrong_dropout_before_pool(self, num_filters, kernel_size, dropout):
    """Dropped before the pooling, which finds another number in nearly every window."""
    ### BEGIN SOLUTION intro-regularized-net
    self.net = nn.Sequential(
        nn.Conv2d(1, num_filters, kernel_size, padding=kernel_size // 2),
        nn.BatchNorm2d(num_filters),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(num_filters * 196, 100),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(100, 10),
    )
    ### END SOLUTION
    ### BEGIN SOLUTION intro-regularized-net-forward
    scores = self.net(x)
    ### END SOLUTION
    return self


EDITS = [
    (
        "wrong_always_dropping",
        "dropped in evaluation mode, too",
        "right_functional",
        "x = F.dropout(x, self.p, training=self.training)",
        "x = F.dropout(x, self.p)",
    ),
    (
        "wrong_first_dropout",
        "no dropout after the convolution",
        "right_lazy",
        "self.drop1(torch.flatten(h, 1))",
        "torch.flatten(h, 1)",
    ),
    (
        "wrong_second_dropout",
        "no dropout after the hidden layer",
        "right_lazy",
        "self.drop2(self.fc1(h).relu())",
        "self.fc1(h).relu()",
    ),
    (
        "wrong_keep_prob",
        "took the rate for what is kept",
        "right_sequential",
        "nn.Dropout(dropout),",
        "nn.Dropout(1 - dropout if dropout else 0),",
    ),
    (
        "wrong_fixed_rate",
        "one rate, whatever is asked for",
        "reference",
        "nn.Dropout(dropout)",
        "nn.Dropout(0.5 if dropout else 0.0)",
    ),
    (
        "wrong_no_norm",
        "no batch norm",
        "reference",
        "F.relu(self.norm(self.conv_1(x)))",
        "F.relu(self.conv_1(x))",
    ),
    (
        "wrong_norm_after_relu",
        "batch norm after the ReLU",
        "reference",
        "F.relu(self.norm(self.conv_1(x)))",
        "self.norm(F.relu(self.conv_1(x)))",
    ),
    (
        "wrong_no_memory",
        "batch norm that remembers nothing",
        "reference",
        "nn.BatchNorm2d(num_filters)",
        "nn.BatchNorm2d(num_filters, track_running_stats=False)",
    ),
    (
        "wrong_norm_frozen",
        "batch norm in evaluation mode for good",
        "reference",
        "self.norm(self.conv_1(x))",
        "self.norm.eval()(self.conv_1(x))",
    ),
    (
        "wrong_no_relu",
        "no ReLU after batch norm",
        "reference",
        "F.relu(self.norm(self.conv_1(x)))",
        "self.norm(self.conv_1(x))",
    ),
    (
        "wrong_softmax",
        "ended with softmax",
        "reference",
        "scores = self.out(x)",
        "scores = torch.softmax(self.out(x), dim=1)",
    ),
    ("wrong_no_padding", "left the padding out", "reference", "padding=kernel_size // 2)", "padding=0)"),
]
