"""The base of every network, and the fully connected networks of the course.

A network is a `Module` with a ``net``, a `sequential` of layers. It is built like this::

    class TwoLayers(Module):
        def __init__(self, keep_prob=0, dtype=np.float32, seed=None):
            super().__init__()
            self.net = sequential(flatten(), fc(3072, 100, name="fc1"), gelu(), fc(100, 10, name="fc2"))
            self.net.astype(dtype)

``dtype`` is that of the parameters as they are drawn. `sequential.assign` keeps the dtype it is given, and
NumPy computes in the wider one of two dtypes, so a gradient check may put float64 values into a float32
network.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lib.errors import ConfigError, ShapeError
from lib.mlp.guards import require_number
from lib.mlp.layer_utils import dropout, fc, flatten, gelu, leaky_relu, sequential

_REGULARIZATIONS = ("none", "l1", "l2")


class Module:
    """A network: runs a batch forward and a gradient backward through the layers of ``net``."""

    def __init__(self):
        self.params = {}
        self.grads = {}

    def forward(self, feat, is_training=True, seed=None):
        """Run a batch through all layers.

        Parameters
        ----------
        feat : ndarray, shape (N, ...), float
        is_training : bool
            Dropout layers drop only while training; no other layer is told.
        seed : int or None
            Makes the masks of the dropout layers repeatable.

        Returns
        -------
        output : ndarray, shape (N, K) for a classifier: scores, not probabilities.
        """
        output = feat
        for layer in self.net.layers:
            shape = np.shape(output)
            try:
                if isinstance(layer, dropout):
                    output = layer.forward(output, is_training, seed)
                else:
                    output = layer.forward(output)
            except Exception as error:
                error.add_note(f"(in the forward pass of {_describe(layer)}, input shape {shape})")
                raise
            if output is None:
                msg = f"{_describe(layer)}: forward returned None. Does it end with 'return output'?"
                raise ShapeError(msg)
        self.net.gather_params()
        return output

    def backward(self, dprev, regularization="none", reg_lambda=0.0):
        """Run a gradient back through all layers; afterwards ``net.grads`` holds those of the parameters.

        Parameters
        ----------
        dprev : ndarray, shape of what forward returned
            Gradient of the loss with respect to the scores.
        regularization : {"none", "l1", "l2"}
            Penalty whose gradient is added, see `sequential.apply_l2_regularization`.
        reg_lambda : float >= 0
            Weight of the penalty.

        Returns
        -------
        dfeat : ndarray, shape of the batch
            Gradient of the loss with respect to the input.
        """
        if regularization not in _REGULARIZATIONS:
            known = ", ".join(_REGULARIZATIONS)
            msg = f"backward: regularization={regularization!r} is not known. Use one of: {known}."
            raise ConfigError(msg)
        reg_lambda = require_number("backward", "reg_lambda", reg_lambda, 0)
        for layer in reversed(self.net.layers):
            shape = np.shape(dprev)
            try:
                dprev = layer.backward(dprev)
            except Exception as error:
                error.add_note(f"(in the backward pass of {_describe(layer)}, gradient shape {shape})")
                raise
            if dprev is None:
                msg = f"{_describe(layer)}: backward returned None, wanted the gradient for its input."
                raise ShapeError(msg)
        self.net.gather_grads()
        if regularization == "l1":
            self.net.apply_l1_regularization(reg_lambda)
        elif regularization == "l2":
            self.net.apply_l2_regularization(reg_lambda)
        return dprev


def _describe(layer):
    return f"layer '{layer.name}' ({type(layer).__name__})"


class TestFCReLU(Module):
    """flatten - fc 15 to 5 - leaky ReLU: the cascade that is checked by hand."""

    __test__ = False  # a network, not a test class of pytest

    def __init__(self, keep_prob=0, dtype=np.float32, seed=None):
        super().__init__()
        ### BEGIN SOLUTION test-fc-leaky-relu
        self.net = sequential(
            flatten(name="flatten"),
            fc(15, 5, name="fc"),
            leaky_relu(name="leaky_relu"),
        )
        ### END SOLUTION
        self.net.astype(dtype)


class TestFCGeLU(Module):
    """flatten - fc 15 to 5 - GELU: the cascade that is checked by hand."""

    __test__ = False

    def __init__(self, keep_prob=0, dtype=np.float32, seed=None):
        super().__init__()
        ### BEGIN SOLUTION test-fc-gelu
        self.net = sequential(
            flatten(name="flatten"),
            fc(15, 5, name="fc"),
            gelu(name="gelu"),
        )
        ### END SOLUTION
        self.net.astype(dtype)


class SmallFullyConnectedNetwork(Module):
    """fc 4 to 30 - GELU - fc 30 to 7, weights drawn with standard deviation 0.02."""

    def __init__(self, keep_prob=0, dtype=np.float32, seed=None):
        super().__init__()
        ### BEGIN SOLUTION small-fc-net
        self.net = sequential(
            fc(4, 30, 0.02, name="fc1"),
            gelu(name="gelu1"),
            fc(30, 7, 0.02, name="fc2"),
        )
        ### END SOLUTION
        self.net.astype(dtype)


class DropoutNet(Module):
    """Three fully connected layers 15-20-30-10 with GELU, and dropout at the end."""

    def __init__(self, keep_prob=0, dtype=np.float32, seed=None):
        super().__init__()
        self.dropout = dropout
        self.seed = seed
        self.net = sequential(
            flatten(name="flat"),
            fc(15, 20, 5e-2, name="fc1"),
            gelu(name="gelu1"),
            fc(20, 30, 5e-2, name="fc2"),
            gelu(name="gelu2"),
            fc(30, 10, 5e-2, name="fc3"),
            gelu(name="gelu3"),
            dropout(keep_prob, seed=seed),
        )
        self.net.astype(dtype)


class TinyNet(Module):
    """One hidden layer, for images of 32x32x3 pixels: flatten - fc - activation - fc.

    Weights start with standard deviation sqrt(2 / inputs), which keeps the size of the signal from layer to
    layer. Source: K. He et al., Delving Deep into Rectifiers, arXiv:1502.01852, 2015, section 2.2.

    Parameters
    ----------
    keep_prob, dtype, seed
        As in every network.
    num_classes : int
        10 for SVHN, 20 for the superclasses of CIFAR-100.
    """

    def __init__(self, keep_prob=0, dtype=np.float32, seed=None, num_classes=10):
        super().__init__()
        ### BEGIN SOLUTION tiny-net
        self.net = sequential(
            flatten(name="flatten"),
            fc(3072, 100, np.sqrt(2 / 3072), name="fc1"),
            gelu(name="gelu1"),
            dropout(keep_prob, seed=seed),
            fc(100, num_classes, np.sqrt(2 / 100), name="fc2"),
        )
        ### END SOLUTION
        self.net.astype(dtype)


class DropoutNetTest(Module):
    """3072-500-500-10 with dropout after the first layer: shows what dropout does to the training curve.

    Parameters
    ----------
    keep_prob, dtype, seed
        As in every network.
    num_classes : int
        10 for SVHN, 20 for the superclasses of CIFAR-100.
    """

    def __init__(self, keep_prob=0, dtype=np.float32, seed=None, num_classes=10):
        super().__init__()
        self.dropout = dropout
        self.seed = seed
        self.net = sequential(
            flatten(name="flat"),
            fc(3072, 500, 1e-2, name="fc1"),
            dropout(keep_prob, seed=seed),
            gelu(name="gelu1"),
            fc(500, 500, 1e-2, name="fc2"),
            gelu(name="gelu2"),
            fc(500, num_classes, 1e-2, name="fc3"),
        )
        self.net.astype(dtype)


class FullyConnectedNetwork(Module):
    """3072, five hidden layers of 100, K classes: deep enough for the optimizers to differ.

    Parameters
    ----------
    keep_prob, dtype, seed
        As in every network.
    num_classes : int
        10 for SVHN, 20 for the superclasses of CIFAR-100.
    init_scale : float
        Standard deviation of the weights.
    """

    def __init__(self, keep_prob=0, dtype=np.float32, seed=None, num_classes=10, init_scale=5e-2):
        super().__init__()
        sizes = [3072, 100, 100, 100, 100, 100]
        layers = [flatten(name="flat")]
        for number, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
            layers.append(fc(inputs, outputs, init_scale, name=f"fc{number}"))
            layers.append(gelu(name=f"gelu{number}"))
        layers.append(fc(100, num_classes, init_scale, name="fc6"))
        self.net = sequential(*layers)
        self.net.astype(dtype)
