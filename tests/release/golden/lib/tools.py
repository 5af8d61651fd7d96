"""What students use and do not write."""

from lib.layers import Scale


def halve(x):
    """Return x / 2."""
    return Scale().forward(x, 0.5)
