"""Memory for large results that is used again, so that a training step does not ask the system for new pages.

A network asks for the same large arrays in every step, and drops them before the next. New memory from the
system is cleared page by page first, which takes as long as a pass over the array. Here a block is kept, and
handed out again once nobody looks at it any more: no array, and no view of one.
"""

import math
import sys
import threading

import numpy as np

# Smaller arrays come from memory that the process holds anyway.
_SMALLEST = 1 << 20

# Bytes that are kept at most, in use or not.
_MOST = 512 << 20

_blocks = []
_lock = threading.Lock()


def _references(block):
    return sys.getrefcount(block)


# What is counted for a block that stands in a list and in a loop's variable, and nowhere else.
for _block in [np.empty(0, np.uint8)]:
    _UNUSED = _references(_block)


def empty(shape, dtype):
    """Return an array of unspecified numbers, like ``np.empty``.

    Parameters
    ----------
    shape : tuple of int
    dtype : NumPy dtype

    Returns
    -------
    ndarray, shape `shape`
        Nobody else's, as long as it or a view of it is referred to. It does not own its memory.

    Notes
    -----
    Every view of an array refers to the block that holds the numbers (``view.base``), so the count of the
    references to a block says whether somebody can still see it.

    Examples
    --------
    >>> first = empty((512, 1024), np.float32)
    >>> place = first.ctypes.data
    >>> view = first[1:]
    >>> empty((512, 1024), np.float32).ctypes.data == place   # the view is still there
    False
    >>> del first, view
    >>> empty((512, 1024), np.float32).ctypes.data == place
    True
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < _SMALLEST:
        return np.empty(shape, dtype)
    with _lock:
        block = _free_block(size)
        if block is None:
            block = np.empty(size, np.uint8)
            if _make_room(size):
                _blocks.append(block)
        return block[:size].view(dtype).reshape(shape)


def _free_block(size):
    """Return an unused block of about this size, or None."""
    for block in _blocks:
        if size <= block.nbytes <= size + size // 8 and _references(block) == _UNUSED:
            return block
    return None


def _make_room(size):
    """Forget unused blocks, the oldest first, until one more fits; say whether it does."""
    total = size + sum(block.nbytes for block in _blocks)
    kept = []
    for block in _blocks:
        if total > _MOST and _references(block) == _UNUSED:
            total -= block.nbytes
        else:
            kept.append(block)
    _blocks[:] = kept
    return total <= _MOST
