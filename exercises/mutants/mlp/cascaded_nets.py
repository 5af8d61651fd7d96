"""Answers to the two cascades: right in several styles, wrong in the usual ways."""


def right_names(self):
    """Other names, and a list."""
    ### BEGIN SOLUTION test-fc-leaky-relu
    layers = [flatten("f"), fc(input_dim=15, output_dim=5, init_scale=0.1, name="linear"), leaky_relu()]
    self.net = sequential(*layers)
    ### END SOLUTION
    ### BEGIN SOLUTION test-fc-gelu
    layers = [flatten("f"), fc(3 * 5, 5, name="linear"), gelu("act")]
    self.net = sequential(*layers)
    ### END SOLUTION
    return None


def right_default_names(self):
    """No names at all."""
    ### BEGIN SOLUTION test-fc-leaky-relu
    self.net = sequential(flatten(), fc(15, 5), leaky_relu(0.01))
    ### END SOLUTION
    ### BEGIN SOLUTION test-fc-gelu
    self.net = sequential(flatten(), fc(15, 5), gelu())
    ### END SOLUTION
    return None


def right_subclass(self):
    """A class of their own for the activation, made of the given one."""
    ### BEGIN SOLUTION test-fc-gelu

    class Smooth(gelu):
        pass

    self.net = sequential(flatten(name="a"), fc(15, 5, 1e-3, "b"), Smooth(name="c"))
    ### END SOLUTION
    return None


EDITS = [
    (
        "wrong_no_flatten",
        "left out flatten",
        "right_default_names",
        "flatten(), fc(15, 5), gelu()",
        "fc(15, 5), gelu()",
    ),
    (
        "wrong_no_activation",
        "left out the activation",
        "right_default_names",
        ", fc(15, 5), gelu()",
        ", fc(15, 5)",
    ),
    (
        "wrong_order",
        "put the activation in front",
        "right_default_names",
        "fc(15, 5), gelu()",
        "gelu(), fc(15, 5)",
    ),
    ("wrong_same_activation", "put leaky ReLU into both", "right_default_names", "gelu()", "leaky_relu()"),
    ("wrong_sizes", "exchanged inputs and outputs", "right_names", "fc(3 * 5, 5,", "fc(5, 3 * 5,"),
    (
        "wrong_width",
        "took the length of one axis for the inputs",
        "right_default_names",
        "fc(15, 5), leaky_relu(0.01)",
        "fc(5, 5), leaky_relu(0.01)",
    ),
    ("wrong_slope", "took another slope", "right_default_names", "leaky_relu(0.01)", "leaky_relu(0.1)"),
    (
        "wrong_two_layers",
        "added a second layer",
        "right_default_names",
        "fc(15, 5), gelu()",
        "fc(15, 5), gelu(), fc(5, 5, name='fc2')",
    ),
]
