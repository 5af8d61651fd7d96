"""Data and a network so small that training takes a moment."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn


class Data(dict):
    """Arrays by name, and where they come from."""

    provenance = "MNIST sample"


def make_data(count=60):
    """Return images of 6x6 whose class, 0 to 2, is the row that is bright."""
    rng = np.random.default_rng(0)
    found = Data()
    for part in ("train", "valid", "test"):
        labels = rng.integers(0, 3, count)
        images = rng.random((count, 1, 6, 6), dtype=np.float32) * 0.5
        images[np.arange(count), 0, 2 * labels] += 0.5
        found[f"X_{part}"], found[f"y_{part}"] = images, labels
    return found


class Net(nn.Module):
    """A convolution with batch norm, dropout, and a layer that finds out its size."""

    def __init__(self, filters=3):
        super().__init__()
        self.conv = nn.Conv2d(1, filters, 3, padding=1)
        self.norm = nn.BatchNorm2d(filters)
        self.drop = nn.Dropout(0.2)
        self.out = nn.LazyLinear(3)

    def forward(self, x):
        """Return scores (N, 3)."""
        return self.out(self.drop(torch.relu(self.norm(self.conv(x)))).flatten(1))
