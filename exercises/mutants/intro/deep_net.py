"""Answers to the network of several blocks: right in several styles, wrong in the usual ways."""


def right_module_list(self, channels, kernel_size, shrink):
    """A list of modules, and ReLU and pooling as functions."""
    ### BEGIN SOLUTION intro-deep-net
    self.shrink = shrink
    self.convs = nn.ModuleList()
    inputs, size = 1, 28
    for outputs in channels:
        step = 2 if shrink == "stride" else 1
        self.convs.append(nn.Conv2d(inputs, outputs, kernel_size, stride=step, padding=kernel_size // 2))
        size = (size - 1) // 2 + 1 if shrink == "stride" else (size - 2) // 2 + 1
        inputs = outputs
    self.fc1 = nn.Linear(inputs * size * size, 100)
    self.fc2 = nn.Linear(100, 10)
    ### END SOLUTION
    ### BEGIN SOLUTION intro-deep-net-features
    maps = x
    for conv in self.convs:
        maps = F.relu(conv(maps))
        if self.shrink == "pool":
            maps = F.max_pool2d(maps, 2)
    ### END SOLUTION
    ### BEGIN SOLUTION intro-deep-net-forward
    h = self.features(x)
    h = h.view(h.size(0), -1)
    scores = self.fc2(F.relu(self.fc1(h)))
    ### END SOLUTION
    return self


def right_lazy(self, channels, kernel_size, shrink):
    """Layers that find out their sizes, the pooling before the ReLU, and a head of its own."""
    ### BEGIN SOLUTION intro-deep-net
    blocks = []
    for filters in channels:
        if shrink == "pool":
            block = [nn.LazyConv2d(filters, kernel_size, padding="same"), nn.MaxPool2d(2), nn.ReLU()]
        else:
            block = [nn.LazyConv2d(filters, kernel_size, stride=2, padding=kernel_size // 2), nn.ReLU()]
        blocks.append(nn.Sequential(*block))
    self.body = nn.Sequential(*blocks)
    self.head = nn.Sequential(nn.Flatten(), nn.LazyLinear(100), nn.ReLU(), nn.Linear(100, 10))
    ### END SOLUTION
    ### BEGIN SOLUTION intro-deep-net-features
    maps = self.body(x)
    ### END SOLUTION
    ### BEGIN SOLUTION intro-deep-net-forward
    scores = self.head(self.features(x))
    ### END SOLUTION
    return self


def right_measured(self, channels, kernel_size, shrink):
    """The size measured by running the blocks on zeros; blocks added by name."""
    ### BEGIN SOLUTION intro-deep-net
    self.body = nn.Sequential()
    depths = [1, *channels]
    for i in range(len(channels)):
        stride = {"pool": 1, "stride": 2}[shrink]
        self.body.add_module(
            f"conv{i}", nn.Conv2d(depths[i], depths[i + 1], kernel_size, stride, (kernel_size - 1) // 2)
        )
        self.body.add_module(f"relu{i}", nn.ReLU())
        if shrink == "pool":
            self.body.add_module(f"pool{i}", nn.MaxPool2d(kernel_size=2, stride=2))
    numbers = self.body(torch.zeros(1, 1, SIDE, SIDE)).numel()
    self.hidden = nn.Linear(numbers, HIDDEN)
    self.out = nn.Linear(HIDDEN, NUM_CLASSES)
    ### END SOLUTION
    ### BEGIN SOLUTION intro-deep-net-features
    maps = self.body(x)
    ### END SOLUTION
    ### BEGIN SOLUTION intro-deep-net-forward
    scores = self.out(F.relu(self.hidden(torch.flatten(self.body(x), start_dim=1))))
    ### END SOLUTION
    return self


EDITS = [
    (
        "wrong_plain_list",
        "kept the convolutions in a plain list",
        "right_module_list",
        "self.convs = nn.ModuleList()",
        "self.convs = []",
    ),
    (
        "wrong_no_stride",
        "did not shrink with strides",
        "right_measured",
        '{"pool": 1, "stride": 2}[shrink]',
        "1",
    ),
    (
        "wrong_both",
        "stride and pooling at once",
        "right_module_list",
        'if self.shrink == "pool":',
        'if self.shrink in ("pool", "stride"):',
    ),
    ("wrong_no_padding", "left the padding out", "right_measured", "(kernel_size - 1) // 2", "0"),
    (
        "wrong_size_of_stride",
        "halved 7 to 3 for strides, too",
        "reference",
        'side // 2 if shrink == "pool" else (side + 1) // 2',
        "side // 2",
    ),
    (
        "wrong_no_relu",
        "no ReLU between the blocks",
        "right_measured",
        'self.body.add_module(f"relu{i}", nn.ReLU())',
        "pass",
    ),
    (
        "wrong_no_hidden_relu",
        "no ReLU after the hidden layer",
        "reference",
        "self.out(F.relu(self.hidden(x)))",
        "self.out(self.hidden(x))",
    ),
    (
        "wrong_softmax",
        "ended with softmax",
        "reference",
        "self.out(F.relu(self.hidden(x)))",
        "F.softmax(self.out(F.relu(self.hidden(x))), dim=1)",
    ),
    (
        "wrong_mean_pool",
        "pooled the mean",
        "right_module_list",
        "F.max_pool2d(maps, 2)",
        "F.avg_pool2d(maps, 2)",
    ),
    (
        "wrong_flat_features",
        "flattened the feature maps",
        "reference",
        "maps = self.blocks(x)",
        "maps = self.blocks(x).flatten(1)",
    ),
    (
        "wrong_two_blocks",
        "two blocks, whatever is asked for",
        "right_module_list",
        "for outputs in channels:",
        "for outputs in channels[:2]:",
    ),
    ("wrong_channels", "every block begins at one channel", "right_module_list", "inputs = outputs", "pass"),
]
