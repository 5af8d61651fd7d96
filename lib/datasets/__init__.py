"""The data sets of the course: fetch them, draw a sample of them, load them.

Names load on first use, so that ``python -m lib.datasets`` can say in words which package is missing.
"""

from importlib import import_module

_HOME = {
    "CIFAR10": "cifar10",
    "CIFAR10_data": "cifar10",
    "get_CIFAR10_data": "cifar10",
    "CIFAR100": "cifar100",
    "CIFAR100_data": "cifar100",
    "MNIST": "mnist",
    "MNIST_data": "mnist",
    "mnist_npz": "mnist",
    "SETS": "sets",
    "SVHN": "svhn",
    "SVHN_data": "svhn",
    "SVHNData": "svhn",
    "make_sample": "sets",
    "render_digits": "sample_svhn",
    "render_cifar10": "sample_pictures",
    "render_cifar100": "sample_pictures",
    "render_mnist": "sample_digits",
    "fetch": "download",
    "data_folder": "folder",
    "read_registry": "registry",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    """Import the module that holds a public name when it is first asked for."""
    if name not in _HOME:
        msg = f"module 'lib.datasets' has no attribute {name!r}; it has {', '.join(__all__)}"
        raise AttributeError(msg)
    return getattr(import_module(f"lib.datasets.{_HOME[name]}"), name)


def __dir__():
    """List the public names."""
    return __all__
