"""The convolutional networks of Problem 2.

A network is a ``Module`` whose ``net`` is a ``sequential`` of layers. Everything that a layer list may use is
imported here by name: the layers of Problem 1, your own ConvLayer2D and MaxPoolingLayer, and fast layers with
the same results to train with.
"""

import numpy as np

from lib.cnn.fast_layers import FastConvLayer2D, FastMaxPoolingLayer
from lib.cnn.layer_utils import ConvLayer2D, MaxPoolingLayer
from lib.mlp.fully_conn import Module
from lib.mlp.layer_utils import dropout, fc, flatten, gelu, leaky_relu, relu, sequential  # noqa: F401


class TestCNN(Module):
    """A network small enough to check by hand: convolution, max pooling, flatten, fully connected.

    It takes images of 8 x 8 pixels with 3 channels and gives 5 scores. The convolution has 3 filters of 3 x 3
    pixels, and 27 features reach the fully connected layer. Weights start with a standard deviation of 0.02.

    Parameters
    ----------
    dtype : numpy dtype
        Of the parameters.
    seed : int or None
        Kept for networks with dropout; this one draws nothing while it runs.
    """

    __test__ = False  # the name begins as a test's does; pytest must not collect it

    def __init__(self, dtype=np.float32, seed=None):
        super().__init__()
        ### BEGIN SOLUTION test-cnn
        self.net = sequential(
            ConvLayer2D(input_channels=3, kernel_size=3, number_filters=3, init_scale=0.02, name="conv"),
            MaxPoolingLayer(pool_size=2, stride=2, name="maxpool"),
            flatten(name="flat"),
            fc(27, 5, init_scale=0.02, name="fc"),
        )
        ### END SOLUTION
        self.net.astype(dtype)


class SmallConvolutionalNetwork(Module):
    """Your own network: at most two convolutions and two max poolings.

    It takes images of 32 x 32 pixels with 3 channels and gives ``num_classes`` scores, one for each class.

    Parameters
    ----------
    keep_prob : float
        Probability that dropout keeps a unit, if your network has dropout. 0 or 1: no dropout.
    dtype : numpy dtype
        Of the parameters. With float32 images, float32 trains twice as fast as float64.
    seed : int or None
        For dropout.
    num_classes : int
        Outputs of the last layer: 10 for the digits, 20 for the superclasses of CIFAR-100.
    """

    def __init__(self, keep_prob=0, dtype=np.float32, seed=None, num_classes=10):
        super().__init__()
        ### BEGIN SOLUTION small-cnn
        # He initialization: a standard deviation of sqrt(2 / inputs of a unit) keeps the size of the signal.
        # Pooling stands before the activation, which then has a quarter of the numbers to go through.
        self.net = sequential(
            # small first weights: what a filter shows after training is what it learned, not its random start
            FastConvLayer2D(3, 5, 32, padding=2, init_scale=0.02, name="conv1", need_dx=False),
            FastMaxPoolingLayer(2, 2, name="pool1"),
            gelu(name="act1"),
            FastConvLayer2D(32, 3, 64, padding=1, init_scale=np.sqrt(2 / (3 * 3 * 32)), name="conv2"),
            FastMaxPoolingLayer(2, 2, name="pool2"),
            gelu(name="act2"),
            flatten(name="flat"),
            fc(8 * 8 * 64, 128, init_scale=np.sqrt(2 / (8 * 8 * 64)), name="fc1"),
            gelu(name="act3"),
            dropout(keep_prob=keep_prob, seed=seed, name="drop"),
            fc(128, num_classes, init_scale=np.sqrt(1 / 128), name="fc2"),
        )
        ### END SOLUTION
        self.net.astype(dtype)
