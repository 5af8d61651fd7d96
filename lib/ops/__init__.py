"""The mathematics of the layers, once: stateless, pure NumPy, fast.

Every operation is a pair. ``out, cache = <op>_forward(x, ...)`` computes; ``<op>_backward(dout, cache)``
carries the gradient of the loss with respect to `out` back to every array input, in the order of the
arguments. `cache` is a NamedTuple. Images are (N, H, W, C), filters (KH, KW, C, F). Inputs are never
modified, the dtype is kept, and arrays that do not fit are refused by name. State (parameters, the last
cache) lives in the layers, not here.
"""

from .activations import (
    GeluCache,
    LeakyReluCache,
    ReluCache,
    gelu_backward,
    gelu_forward,
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
)
from .avg_pool import AvgPoolCache, avg_pool2d_backward, avg_pool2d_forward
from .conv import ConvCache, conv2d_backward, conv2d_forward
from .dense import DenseCache, dense_backward, dense_forward
from .dropout import DropoutCache, dropout_backward, dropout_forward
from .losses import (
    CrossEntropyCache,
    softmax,
    softmax_cross_entropy_backward,
    softmax_cross_entropy_forward,
)
from .norm import (
    NormCache,
    batch_norm_backward,
    batch_norm_forward,
    group_norm_backward,
    group_norm_forward,
    layer_norm_backward,
    layer_norm_forward,
)
from .pool import PoolCache, max_pool2d_backward, max_pool2d_forward
from .windows import fold, output_size, unfold

__all__ = [
    "AvgPoolCache",
    "ConvCache",
    "CrossEntropyCache",
    "DenseCache",
    "DropoutCache",
    "GeluCache",
    "LeakyReluCache",
    "NormCache",
    "PoolCache",
    "ReluCache",
    "avg_pool2d_backward",
    "avg_pool2d_forward",
    "batch_norm_backward",
    "batch_norm_forward",
    "conv2d_backward",
    "conv2d_forward",
    "dense_backward",
    "dense_forward",
    "dropout_backward",
    "dropout_forward",
    "fold",
    "gelu_backward",
    "gelu_forward",
    "group_norm_backward",
    "group_norm_forward",
    "layer_norm_backward",
    "layer_norm_forward",
    "leaky_relu_backward",
    "leaky_relu_forward",
    "max_pool2d_backward",
    "max_pool2d_forward",
    "output_size",
    "relu_backward",
    "relu_forward",
    "softmax",
    "softmax_cross_entropy_backward",
    "softmax_cross_entropy_forward",
    "unfold",
]
