# ruff: noqa
# fmt: off
# As a student of the original course writes it: Module, np and all layers come by star imports.
from lib.mlp.fully_conn import *
from lib.mlp.layer_utils import *
from lib.cnn.layer_utils import *


class TestCNN(Module):
    def __init__(self, dtype=np.float32, seed=None):
        self.net = sequential(
            ConvLayer2D(3, 3, 3, name="conv"),
            MaxPoolingLayer(2, 2, "pool"),
            flatten("flat"),
            fc(27, 5, 0.02, "fc"),
        )


class SmallConvolutionalNetwork(Module):
    def __init__(self, keep_prob=0, dtype=np.float32, seed=None):
        self.net = sequential(
            ConvLayer2D(3, 3, 4, stride=2, padding=1, init_scale=0.2, name="conv1"),
            leaky_relu(name="act1"),
            MaxPoolingLayer(4, 2, "pool1"),
            flatten("flat"),
            dropout(keep_prob, seed=seed),
            fc(7 * 7 * 4, 10, 0.05, "fc1"),
        )
