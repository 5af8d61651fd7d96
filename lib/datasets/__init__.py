"""The data sets of the course: fetch them, draw a sample of them, load them.

Names load on first use, so that ``python -m lib.datasets`` can say in words which package is missing.
"""

from importlib import import_module

_HOME = {
    "SVHN": "svhn",
    "SVHN_data": "svhn",
    "SVHNData": "svhn",
    "make_sample": "sample",
    "render_digits": "sample_svhn",
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
