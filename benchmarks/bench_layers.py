"""How fast the layers are, as ratios measured in the same run: ``python -m benchmarks.bench_layers``.

Contenders of a row take turns in one process, in random order (``benchmarks/timing.py``). Ratios are comparable
between machines, milliseconds are not. "lib" are the layers of this project, "torch" is PyTorch's eager mode on
channels-last tensors, or on channels-first ones where those are faster.
"""

import argparse
import json
import os
import time
from pathlib import Path

# One thread to begin with, before NumPy loads its BLAS.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "2")

import numpy as np  # noqa: E402

from benchmarks import contenders as teams  # noqa: E402
from benchmarks import textbook  # noqa: E402
from benchmarks.rows import FLOOR, all_rows, step_rows, three_layer_rows  # noqa: E402
from benchmarks.timing import Turns, machine, measure_limits, threadpoolctl, torch, use_threads  # noqa: E402

FLOOR_RATIO = f"{FLOOR}, as a ratio"
RESULTS = Path(__file__).parent / "results"


def measure(row, seconds, limits):
    """Let the contenders of a row take turns; return what is written down."""
    turns = Turns(row["contenders"], seconds=row.get("seconds", seconds))
    rival = row["rival"]
    faster = [name for name in turns.times if name.startswith(rival)]
    rival = min(faster, key=turns.milliseconds, default=None)
    found = {
        "what": row["what"],
        "dtype": row["dtype"],
        "rounds": turns.rounds,
        "ms": {name: round(turns.milliseconds(name), 4) for name in turns.times},
        "rival": rival,
        "ratio": round(turns.ratio("lib", rival), 4) if rival else None,
        "ratio when lib ran first, later": [
            value and round(value, 4) for value in turns.ratio_by_order("lib", rival)
        ] if rival else None,
        "target": row["target"],
    }  # fmt: skip
    if "flops" in row:
        peak = limits[f"product {row['dtype']}, GFLOP/s"]
        copy = limits["copy of 8 MB, GB/s read and written"]
        limit = 1e3 * max(row["flops"] / peak, row["bytes"] / copy) / 1e9
        found["physical limit, ms"] = round(limit, 4)
    if FLOOR in turns.times:
        found[FLOOR_RATIO] = round(turns.ratio(FLOOR, rival), 4) if rival else None
    if "images" in row:
        found["images per second"] = round(1e3 * row["images"] / turns.milliseconds("lib"))
    if row.get("printed"):
        found["times faster"] = round(1 / found["ratio"])
        found["the course printed"] = row["printed"]
    if row["target"]:
        found["met"] = found["ratio"] is not None and found["ratio"] <= row["target"]
    if row.get("target_ms"):
        found["target, ms"] = row["target_ms"]
        found["met"] = found["ms"]["lib"] <= row["target_ms"]
    return found


def line(found):
    """Return a row of the printed table."""
    ratio = f"{found['ratio']:.3g} x {found['rival']}" if found["ratio"] else "no rival here"
    if found["ratio"] and found["ratio"] < 0.1:
        ratio = f"{1 / found['ratio']:.0f} times {found['rival']}"
    notes = []
    if found.get("target"):
        target = found["target"]
        notes.append(f"target {target:.2g}" if target >= 0.1 else f"target {1 / target:.0f} times")
    if found.get("target, ms"):
        notes.append(f"target {found['target, ms']:.0f} ms")
    if "met" in found:
        notes.append("met" if found["met"] else "NOT met")
    if found.get(FLOOR_RATIO):
        notes.append(f"NumPy's calls alone {found[FLOOR_RATIO]:.2f}")
    if found.get("physical limit, ms"):
        notes.append(f"{found['ms']['lib'] / found['physical limit, ms']:.1f} x the physical limit")
    if found.get("the course printed"):
        notes.append(f"the course printed {found['the course printed']} times")
    return f"{found['what'] + ', ' + found['dtype']:<78}{found['ms']['lib']:9.2f} ms  {ratio:<32}{', '.join(notes)}"


def thread_rows(seconds):
    """Compare two threads with one, by the clock on the wall; both take turns in this process."""
    for row in [
        *step_rows("float32", (10, 128, 512), need_dx=True, target=None),
        *step_rows("float64", (128,), need_dx=False, target=None),
        *three_layer_rows("float32", None),
    ]:
        contenders, threads = {}, {}
        for name in ("lib", "torch"):
            for count in (1, 2):
                if name in row["contenders"]:
                    contenders[f"{name}, {count}"] = row["contenders"][name]
                    threads[f"{name}, {count}"] = count
        turns = Turns(contenders, seconds=2 * seconds, clock=time.perf_counter, threads=threads)
        found = {
            "what": row["what"],
            "dtype": row["dtype"],
            "rounds": turns.rounds,
            "ms": {name: round(turns.milliseconds(name), 4) for name in contenders},
            "two threads against one": round(turns.ratio("lib, 2", "lib, 1"), 4),
            "best rounds": round(min(turns.times["lib, 2"]) / min(turns.times["lib, 1"]), 4),
        }
        if torch:
            found["torch, two threads against one"] = round(turns.ratio("torch, 2", "torch, 1"), 4)
            found["ratio on two threads"] = round(turns.ratio("lib, 2", "torch, 2"), 4)
        yield found


def thread_line(found):
    """Return a row of the printed table of threads."""
    text = (
        f"{found['what'] + ', ' + found['dtype']:<78}{found['ms']['lib, 2']:9.2f} ms  "
        f"two threads take {found['two threads against one']:.2f} of the time of one, {found['best rounds']:.2f} at best"
    )
    if "ratio on two threads" in found:
        text += f"; torch {found['torch, two threads against one']:.2f}; lib {found['ratio on two threads']:.2f} x torch"
    return text


def cost_curves(seconds):
    """Measure steps against batch size and against image size, for the plot."""
    curves = {"batch": [], "side": []}
    for kind, values in (("batch", (1, 4, 16, 64, 256)), ("side", (8, 16, 32, 64))):
        for value in values:
            n, side = (value, 32) if kind == "batch" else (32, value)
            x, y = teams.batch(n, np.float32, side)
            params = teams.initial_parameters(np.float32, side)
            contenders = {"lib": teams.numpy_step(x, y)}
            if torch:
                contenders["PyTorch"] = teams.torch_step(x, y)
            if n * side <= 64 * 32:
                contenders["loops"] = textbook.LoopStep(x, y, params)
            turns = Turns(contenders, seconds=seconds)
            per_image = {name: turns.milliseconds(name) / n for name in contenders}
            curves[kind].append({kind: value, "ms per image": per_image})
    return curves


def main():
    """Measure, print and write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="time for each row (default 3)")
    parser.add_argument("--only", default="", help="rows whose name holds this text; nothing is written down")
    options = parser.parse_args()
    lines = []

    def say(text):
        print(text, flush=True)
        lines.append(text)

    use_threads(1)
    limits, here = measure_limits(), machine()
    for name, value in {**here, **{name: f"{value:.1f}" for name, value in limits.items()}}.items():
        say(f"{name}: {value}")
    say("\nOne thread, processor time, medians; '0.50 x torch' is half of torch's time.\n")
    rows = []
    for row in all_rows():
        if options.only in f"{row['what']}, {row['dtype']}":
            rows.append(measure(row, options.seconds, limits))
            say(line(rows[-1]))
    if options.only:
        return
    say("\nTwo threads, time on the clock\n")
    threads = []
    for found in thread_rows(options.seconds) if threadpoolctl else []:
        threads.append(found)
        say(thread_line(found))
    use_threads(1)
    curves = cost_curves(options.seconds / 2)
    RESULTS.mkdir(exist_ok=True)
    result = {"machine": here, "limits": limits, "rows": rows, "threads": threads, "curves": curves}
    (RESULTS / "layers.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "layers.txt").write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")
    from benchmarks.plots import plot_costs

    plot_costs(curves, RESULTS / "layers.png")
    print(f"\nWritten: {RESULTS / 'layers.json'}, {RESULTS / 'layers.png'}")


if __name__ == "__main__":
    main()
