"""Two layers, one of them to be written."""

import numpy as np


class Blur:
    """Replace each value by the mean of itself and its neighbors."""

    def forward(self, x):
        """Return the blurred array, same shape as x, (N,)."""
        out = np.zeros_like(x)
        # YOUR CODE HERE: blur-forward
        raise NotImplementedError("blur-forward is not written yet: lib/layers.py, Blur.forward")
        return out


class Scale:
    """Multiply by a number."""

    def forward(self, x, factor):
        """Return factor * x."""
        product = np.multiply(x, np.asarray(factor, dtype=x.dtype))
        return product
