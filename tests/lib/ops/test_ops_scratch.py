"""Memory that is used again: never while somebody looks at it, and never without end."""

import threading

import numpy as np
import pytest

from lib import ops
from lib.ops import scratch

SHAPE = (512, 1024)  # 2 MB in float32


@pytest.fixture(autouse=True)
def no_blocks(monkeypatch):
    """Start with no memory kept."""
    monkeypatch.setattr(scratch, "_blocks", [])


def place(array):
    """Return where an array lies in memory."""
    return array.__array_interface__["data"][0]


def test_memory_is_used_again_once_nobody_looks_at_it():
    """The next array of the size lies where the last one lay."""
    array = scratch.empty(SHAPE, np.float32)
    where = place(array)
    del array
    assert place(scratch.empty(SHAPE, np.float32)) == where
    assert place(scratch.empty((256, 1024), np.float64)) == where


@pytest.mark.parametrize(
    "look",
    [
        lambda a: a[3:5],
        lambda a: a.reshape(2, -1).T[7:],
        lambda a: a.view(np.int32),
        lambda a: np.broadcast_to(a[:1, :1], (4, 4)),
        lambda a: np.lib.stride_tricks.sliding_window_view(a, (2, 2))[:3],
        memoryview,
        lambda a: {"cache": (a.transpose(),)},
        lambda a: lambda: a,
    ],
    ids=["slice", "transpose", "other dtype", "one number", "windows", "memoryview", "in a tuple", "closure"],
)
def test_memory_that_somebody_looks_at_is_left_alone(look):
    """A view of any kind keeps its numbers."""
    array = scratch.empty(SHAPE, np.float32)
    where = place(array)
    seen = look(array)
    del array
    assert place(scratch.empty(SHAPE, np.float32)) != where
    del seen
    assert where in {place(scratch.empty(SHAPE, np.float32))}


def test_small_arrays_are_ordinary_ones():
    """Below a megabyte nothing is kept, and nothing of another size class is taken."""
    assert scratch.empty((3, 4), np.float64).base is None
    assert scratch._blocks == []
    block = scratch.empty(SHAPE, np.float32)
    where = place(block)
    del block
    assert place(scratch.empty((400, 1024), np.float32)) != where


def test_what_is_kept_stays_below_a_limit(monkeypatch):
    """Unused memory is forgotten first; beyond the limit arrays are ordinary ones that are not kept."""
    monkeypatch.setattr(scratch, "_MOST", 7 << 20)
    held = [scratch.empty(SHAPE, np.float32) for _ in range(3)]
    fourth = scratch.empty(SHAPE, np.float32)
    assert len(scratch._blocks) == 3
    held[0] = None
    other = scratch.empty((700, 1024), np.float32)
    assert sum(block.nbytes for block in scratch._blocks) <= 7 << 20
    assert all(not np.shares_memory(other, array) for array in (*held[1:], fourth))


def test_threads_never_share(monkeypatch):
    """Arrays that several threads hold at the same time do not overlap."""
    wrong = []

    def work(number):
        for _ in range(200):
            array = scratch.empty(SHAPE, np.float32)
            array[::64, 0] = number
            if not (array[::64, 0] == number).all():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_outputs_of_a_layer_stay_when_it_runs_again():
    """Two batches through the same kernels: the first one's results keep their numbers, and those of its way back."""
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(s).astype(np.float32) for s in ((20, 32, 32, 3), (3, 3, 3, 16), (16,)))

    def run(images):
        h, conv_cache = ops.conv2d_forward(images, w, b, pad=1)
        a, gelu_cache = ops.gelu_forward(h)
        p, pool_cache = ops.max_pool2d_forward(a, (2, 2), stride=2)
        da = ops.max_pool2d_backward(p, pool_cache)
        return h, a, p, da, ops.conv2d_backward(ops.gelu_backward(da, gelu_cache), conv_cache)[0]

    first = run(x)
    copies = [array.copy() for array in first]
    for _ in range(3):
        run(x + 1)
    for array, copy in zip(first, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
