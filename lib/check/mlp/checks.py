"""The published checks of the course on fully connected networks."""

from __future__ import annotations

from lib.check.mlp import objects, published, published_nets
from lib.check.run import Check

#: What nobody may import who is to write a layer.
WITHHELD = (
    "lib.ops",
    "lib.cnn",
    "lib.convnet",
    "lib.solver",
    "lib.update_rules",
    "lib.grad_check",
    "lib.check.mlp.formulas",
    "lib.check.mlp.alternatives",
    "lib.check.mlp.alternatives_optim",
    "lib.check.mlp.problems",
    "lib.check.mlp.train_loop",
)


#: The little network and loss of the watched training are there for it alone.
WATCHED = "lib.check.mlp.probes_train"


def _check(name, listed):
    withhold = WITHHELD if f"lib.check.mlp.{name}".startswith(WATCHED) else (*WITHHELD, WATCHED)
    return Check(f"lib.check.mlp.{name}", listed, withhold)


CHECKS = {
    "fc_forward": _check("probes:fc_forward", published.fc_forward_cases),
    "fc_backward": _check("probes:fc_backward", published.fc_backward_cases),
    "leaky_relu_forward": _check("probes:leaky_relu_forward", published.leaky_relu_forward_cases),
    "leaky_relu_backward": _check("probes:leaky_relu_backward", published.leaky_relu_backward_cases),
    "gelu_forward": _check("probes:gelu_forward", published.gelu_forward_cases),
    "gelu_backward": _check("probes:gelu_backward", published.gelu_backward_cases),
    "dropout_forward": _check("probes:dropout_forward", published.dropout_forward_cases),
    "dropout_backward": _check("probes:dropout_backward", published.dropout_backward_cases),
    "cascaded_nets": _check("probes:cascaded_nets", published_nets.cascaded_nets_cases),
    "cross_entropy_forward": _check("probes:cross_entropy_forward", published.cross_entropy_forward_cases),
    "cross_entropy_backward": _check("probes:cross_entropy_backward", published.cross_entropy_backward_cases),
    "small_net": _check("probes:small_net", published_nets.small_net_cases),
    "dropout_net": _check("probes:dropout_net", published_nets.dropout_net_cases),
    "sgd": _check("probes:optimizer", published_nets.optimizer_cases("sgd")),
    "train_net": _check("probes_train:train_net", published_nets.train_net_cases),
    "sgdm": _check("probes:optimizer", published_nets.optimizer_cases("sgdm")),
    "rmsprop": _check("probes:optimizer", published_nets.optimizer_cases("rmsprop")),
    "adam": _check("probes:optimizer", published_nets.optimizer_cases("adam")),
    "l1": _check("probes:regularization", published_nets.penalty_cases(1)),
    "l2": _check("probes:regularization", published_nets.penalty_cases(2)),
}

#: What lives in the notebook and is checked where it is.
OBJECT_CHECKS = {
    "training": objects.training,
    "l2_lambda": objects.l2_lambda,
    "activations": objects.activations,
}
