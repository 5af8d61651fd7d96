"""Contenders that take turns, and the machine that they run on.

A machine that does other things slows whoever runs at that moment. So contenders run one after the other within
a round, in a new random order each round, and what is reported is the median over the rounds of the ratio
within a round. On one thread the clock is the process's own processor time, which does not count waiting.
"""

import os
import platform
import random
import statistics
import time
from pathlib import Path

import numpy as np

try:
    import torch
except ImportError:
    torch = None

try:
    import threadpoolctl
except ImportError:
    threadpoolctl = None


def use_threads(count):
    """Let BLAS and PyTorch use so many threads from now on."""
    if threadpoolctl:
        threadpoolctl.threadpool_limits(count, user_api="blas")
    if torch:
        torch.set_num_threads(count)


class Turns:
    """The seconds of contenders, round by round."""

    def __init__(self, contenders, *, seconds=3.0, clock=time.process_time, threads=None):
        """Run ``contenders``, name to function, for about so many seconds, five rounds at least."""
        threads = threads or {}
        order = random.Random(0)
        names = list(contenders)
        spent = time.perf_counter()
        for name in names:
            if name in threads:
                use_threads(threads[name])
            contenders[name]()
        spent = time.perf_counter() - spent
        self.rounds = max(5, min(60, int(seconds / max(spent, 1e-9))))
        self.times = {name: [] for name in names}
        self.places = {name: [] for name in names}
        for _ in range(self.rounds):
            order.shuffle(names)
            for place, name in enumerate(names):
                if name in threads:
                    use_threads(threads[name])
                begin = clock()
                contenders[name]()
                self.times[name].append(clock() - begin)
                self.places[name].append(place)

    def milliseconds(self, name):
        """Return the median of a contender."""
        return 1e3 * statistics.median(self.times[name])

    def ratio(self, name, rival):
        """Return the median over the rounds of the share of the rival's time that a contender takes."""
        return statistics.median(a / b for a, b in zip(self.times[name], self.times[rival], strict=True))

    def ratio_by_order(self, name, rival):
        """Return the ratio over the rounds in which the contender ran before its rival, and after it."""
        pairs = zip(self.times[name], self.times[rival], self.places[name], self.places[rival], strict=True)
        before, after = [], []
        for a, b, place, other in pairs:
            (before if place < other else after).append(a / b)
        return [statistics.median(part) if part else None for part in (before, after)]


def best_seconds(function, repeats=9):
    """Return the shortest of a few runs: what the machine can do when nobody disturbs it."""
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        function()
        times.append(time.process_time() - begin)
    return min(times)


def measure_limits():
    """Measure what no program can beat: the fastest matrix product and the fastest copy, on one thread."""
    rng = np.random.default_rng(0)
    limits = {}
    for dtype in (np.float32, np.float64):
        a, b = rng.standard_normal((2, 1024, 1024)).astype(dtype)
        out = np.empty_like(a)
        seconds = best_seconds(lambda a=a, b=b, out=out: np.matmul(a, b, out=out))
        limits[f"product {np.dtype(dtype)}, GFLOP/s"] = 2 * 1024**3 / seconds / 1e9
    source, target = np.ones(8 << 20, np.uint8), np.empty(8 << 20, np.uint8)
    seconds = best_seconds(lambda: np.copyto(target, source))
    limits["copy of 8 MB, GB/s read and written"] = 2 * source.nbytes / seconds / 1e9
    return limits


def machine():
    """Say what runs here, and on what."""
    blas = [
        f"{one['internal_api']} {one['version']}, kernels for {one.get('architecture')}"
        for one in (threadpoolctl.threadpool_info() if threadpoolctl else [])
        if one["user_api"] == "blas"
    ]
    processor = platform.processor()
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            processor = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "processor": f"{processor}, {os.cpu_count()} processors",
        "load of the last minute": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "BLAS": blas or "threadpoolctl is not installed",
        "PyTorch": f"{torch.__version__}, {torch.backends.cpu.get_cpu_capability()}"
        if torch
        else "not installed",
    }
