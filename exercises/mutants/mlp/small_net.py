"""Answers to the small network: right in several styles, wrong in the usual ways."""


def right_names(self):
    """Other names."""
    ### BEGIN SOLUTION small-fc-net
    self.net = sequential(
        fc(input_dim=4, output_dim=30, init_scale=0.02, name="hidden"),
        gelu(name="smooth"),
        fc(input_dim=30, output_dim=7, init_scale=0.02, name="scores"),
    )
    ### END SOLUTION
    return None


def right_variables(self):
    """Built layer by layer."""
    ### BEGIN SOLUTION small-fc-net
    D, H, C, std = 4, 30, 7, 2e-2
    first = fc(D, H, std, name="first")
    last = fc(H, C, std, name="last")
    self.net = sequential(first, gelu(), last)
    ### END SOLUTION
    return None


def right_list(self):
    """A list of layers."""
    ### BEGIN SOLUTION small-fc-net
    sizes = [4, 30, 7]
    layers = []
    for i in range(2):
        layers.append(fc(sizes[i], sizes[i + 1], init_scale=0.02, name=f"fc{i}"))
        if i == 0:
            layers.append(gelu(name="act"))
    self.net = sequential(*layers)
    ### END SOLUTION
    return None


EDITS = [
    ("wrong_scale", "took the default scale", "right_variables", "fc(D, H, std, name", "fc(D, H, name"),
    (
        "wrong_no_activation",
        "left out the activation",
        "right_variables",
        "first, gelu(), last",
        "first, last",
    ),
    ("wrong_leaky", "took the leaky ReLU", "right_variables", "gelu()", "leaky_relu()"),
    (
        "wrong_second_activation",
        "put an activation at the end",
        "right_variables",
        "gelu(), last",
        "gelu(), last, gelu('end')",
    ),
    ("wrong_width", "took another width", "right_variables", "4, 30, 7,", "4, 20, 7,"),
    ("wrong_dropout", "added dropout", "right_variables", "gelu(), last", "gelu(), dropout(0.5), last"),
    ("wrong_large_scale", "took a scale ten times as large", "right_variables", "2e-2", "2e-1"),
]
