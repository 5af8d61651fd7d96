"""The networks of the introduction. Each takes images (N, 1, 28, 28) and returns scores (N, 10).

Scores are any numbers, one for each digit; the largest is the answer. They are not probabilities: the loss,
``F.cross_entropy``, makes those itself.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

#: Rows and columns of an image, and the number of digits.
SIDE, NUM_CLASSES = 28, 10
#: Units of the hidden layer.
HIDDEN = 100


class FeedForwardNet(nn.Module):
    """The network to beat: a hidden layer that sees all 784 pixels at once, and nothing of where they lie."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(SIDE * SIDE, HIDDEN)
        self.out = nn.Linear(HIDDEN, NUM_CLASSES)

    def forward(self, x):
        """Return scores (N, 10) of images (N, 1, 28, 28)."""
        x = torch.flatten(x, 1)  # (N, 784)
        return self.out(F.relu(self.hidden(x)))


class ConvNet(nn.Module):
    """Convolution, ReLU, hidden layer, ReLU, scores.

    Parameters
    ----------
    num_filters : int
    kernel_size : int
        Rows and columns of a filter.
    padding : int
        Zeros around the image.
    """

    def __init__(self, num_filters=16, kernel_size=5, padding=0):
        super().__init__()
        ### BEGIN SOLUTION intro-conv-net
        side = SIDE + 2 * padding - kernel_size + 1
        self.conv_1 = nn.Conv2d(1, num_filters, kernel_size, padding=padding)
        self.hidden = nn.Linear(num_filters * side * side, HIDDEN)
        self.out = nn.Linear(HIDDEN, NUM_CLASSES)
        ### END SOLUTION

    def forward(self, x):
        """Return scores (N, 10) of images (N, 1, 28, 28)."""
        scores = None
        ### BEGIN SOLUTION intro-conv-net-forward
        x = F.relu(self.conv_1(x))
        x = F.relu(self.hidden(x.flatten(1)))
        scores = self.out(x)
        ### END SOLUTION
        return scores


class DeepNet(nn.Module):
    """Several blocks of convolution, ReLU and shrinking; then hidden layer, ReLU, scores.

    Parameters
    ----------
    channels : sequence of int
        Filters of each block's convolution, first block first.
    kernel_size : int, odd
        The convolutions are padded by ``kernel_size // 2``.
    shrink : {"pool", "stride"}
        How a block makes the image smaller: with a 2x2 max pooling of stride 2 after a convolution of stride
        1, or with a convolution of stride 2.
    """

    def __init__(self, channels=(16, 32), kernel_size=5, shrink="pool"):
        super().__init__()
        ### BEGIN SOLUTION intro-deep-net
        layers, before, side = [], 1, SIDE
        for filters in channels:
            stride = 1 if shrink == "pool" else 2
            layers += [nn.Conv2d(before, filters, kernel_size, stride, kernel_size // 2), nn.ReLU()]
            if shrink == "pool":
                layers.append(nn.MaxPool2d(2))
            before, side = filters, side // 2 if shrink == "pool" else (side + 1) // 2
        self.blocks = nn.Sequential(*layers)
        self.hidden = nn.Linear(before * side * side, HIDDEN)
        self.out = nn.Linear(HIDDEN, NUM_CLASSES)
        ### END SOLUTION

    def features(self, x):
        """Return what leaves the last block, (N, channels[-1], OH, OW)."""
        maps = None
        ### BEGIN SOLUTION intro-deep-net-features
        maps = self.blocks(x)
        ### END SOLUTION
        return maps

    def forward(self, x):
        """Return scores (N, 10) of images (N, 1, 28, 28)."""
        scores = None
        ### BEGIN SOLUTION intro-deep-net-forward
        x = self.features(x).flatten(1)
        scores = self.out(F.relu(self.hidden(x)))
        ### END SOLUTION
        return scores


class RegularizedNet(nn.Module):
    """Convolution, batch norm, ReLU, 2x2 max pooling, dropout; hidden layer, ReLU, dropout; scores.

    Parameters
    ----------
    num_filters : int
    kernel_size : int, odd
        The convolution is padded by ``kernel_size // 2``.
    dropout : float
        Probability that a number is dropped, for both dropouts.
    """

    def __init__(self, num_filters=16, kernel_size=9, dropout=0.5):
        super().__init__()
        ### BEGIN SOLUTION intro-regularized-net
        side = SIDE // 2
        self.conv_1 = nn.Conv2d(1, num_filters, kernel_size, padding=kernel_size // 2)
        self.norm = nn.BatchNorm2d(num_filters)
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(num_filters * side * side, HIDDEN)
        self.out = nn.Linear(HIDDEN, NUM_CLASSES)
        ### END SOLUTION

    def forward(self, x):
        """Return scores (N, 10) of images (N, 1, 28, 28)."""
        scores = None
        ### BEGIN SOLUTION intro-regularized-net-forward
        x = self.pool(F.relu(self.norm(self.conv_1(x))))
        x = self.dropout(x).flatten(1)
        x = self.dropout(F.relu(self.hidden(x)))
        scores = self.out(x)
        ### END SOLUTION
        return scores


class BestNet(nn.Module):
    """Your best network: whatever you have found to work, made without arguments."""

    def __init__(self):
        super().__init__()
        ### BEGIN SOLUTION intro-best-net
        self.blocks = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(0.25),
        )
        self.hidden = nn.Linear(32 * 7 * 7, HIDDEN)
        self.dropout = nn.Dropout(0.5)
        self.out = nn.Linear(HIDDEN, NUM_CLASSES)
        ### END SOLUTION

    def forward(self, x):
        """Return scores (N, 10) of images (N, 1, 28, 28)."""
        scores = None
        ### BEGIN SOLUTION intro-best-net-forward
        x = self.blocks(x).flatten(1)
        scores = self.out(self.dropout(F.relu(self.hidden(x))))
        ### END SOLUTION
        return scores
