"""The data sets that assignments use: what a tool must know to draw, find and judge each of them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class ImageSet:
    """One data set.

    Attributes
    ----------
    name, title : str
    num_classes : int
    """

    name: str
    title: str
    num_classes: int

    def draw(self, count, rng):
        """Draw held-back sample images: (N, H, W, C) uint8, and their labels (N,)."""
        return import_module("lib.datasets.sample_svhn").render_digits(count, rng)

    def test_images(self, data_folder):
        """Read the official test images, (N, H, W, C) uint8, and their labels (N,)."""
        _, _, images, labels = import_module("lib.datasets.svhn").SVHN(data_folder)
        return images, labels


SETS = {"svhn": ImageSet("svhn", "SVHN", 10)}
