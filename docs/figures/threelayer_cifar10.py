"""Draw the figures of the threelayer_cifar10 notebook: python docs/figures/threelayer_cifar10.py [folder].

Most of them are those of its sister, convnets_cifar10, and of cnn_svhn: the mathematics is the same.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cnn_svhn
import convnets_cifar10
import matplotlib.pyplot as plt
import pictures


def three_layer_net():
    """The layers of ThreeLayerConvNet and the shapes between them."""
    return convnets_cifar10.network(hidden=100, affine=2)


def pool_backward():
    """Where slopes go in max pooling, in the letters of the functional layers."""
    return cnn_svhn.pool_backward("dout")


def main(folder: Path) -> None:
    """Write every figure as PNG."""
    pictures.write(folder)
    shared = (convnets_cifar10.conv_planes, convnets_cifar10.image_filters, convnets_cifar10.conv_backward)
    for draw in (*shared, pool_backward, three_layer_net):
        fig = draw()
        # no software name or date in the file: the same figure gives the same bytes
        fig.savefig(folder / f"{draw.__name__}.png", metadata={"Software": None})
        plt.close(fig)


if __name__ == "__main__":
    default = Path(__file__).resolve().parents[2] / "source" / "threelayer_cifar10" / "images"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
