"""What has to be measured in processes of its own: peak memory and the time of an import.

``python -m benchmarks.bench_process`` prints and writes ``benchmarks/results/process.json``.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

#: A small step first, so that what is loaded at the first call is not counted; then three large ones.
MEMORY = """
import resource, sys
from benchmarks import contenders
from benchmarks.timing import use_threads
use_threads(1)
make = {{"lib": contenders.numpy_step, "torch": contenders.torch_step}}[{name!r}]
small, large = contenders.batch(4), contenders.batch({n})
make(*small)()
step = make(*large)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(3):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""

#: Modules that a notebook of each kind of course imports.
IMPORTS = {
    "lib.ops": ["lib.ops"],
    "the fast layers": ["lib.cnn.fast_layers", "lib.convnet.fast_layers"],
    "a network of the object courses": ["lib.cnn.cnn_models", "lib.optim", "lib.grad_check"],
    "a network of the functional courses": [
        "lib.convnet.classifiers.cnn",
        "lib.update_rules",
        "lib.grad_check",
    ],
    "training loops": ["lib.mlp.train", "lib.solver"],
}

IMPORT = """
import time, numpy
begin = time.process_time()
import {modules}
print(1e3 * (time.process_time() - begin))
"""

NUMPY = "import time; begin = time.process_time(); import numpy; print(1e3 * (time.process_time() - begin))"


def run(code):
    """Run code in a process of its own; return the number that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    return float(done.stdout.split()[-1])


def main():
    """Measure, print and write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    result = {"repeats": repeats, "peak memory": [], "imports, ms of processor time": {}}
    for n in (128, 512):
        found = {"images": n}
        for name in ("lib", "torch"):
            try:
                found[f"{name}, MB"] = round(
                    statistics.median(run(MEMORY.format(name=name, n=n)) for _ in range(3)), 1
                )
            except subprocess.CalledProcessError as error:
                print(f"peak memory of {name}: {error.stderr.splitlines()[-1]}")
        if "torch, MB" in found:
            found["ratio"] = round(found["lib, MB"] / found["torch, MB"], 3)
            found |= {"target": 1.2, "met": found["ratio"] <= 1.2} if n == 512 else {}
        result["peak memory"].append(found)
        print(f"peak memory of a training step above what was there before: {found}", flush=True)
    times = {name: [] for name in ("NumPy itself", *IMPORTS)}
    for _ in range(repeats):
        times["NumPy itself"].append(run(NUMPY))
        for name, modules in IMPORTS.items():
            times[name].append(run(IMPORT.format(modules=", ".join(modules))))
    for name, values in times.items():
        found = {"ms": round(statistics.median(values), 1), "least": round(min(values), 1)}
        found |= {"target": 50, "met": found["ms"] <= 50} if name != "NumPy itself" else {}
        result["imports, ms of processor time"][name] = found
        print(f"import of {name}{'' if name == 'NumPy itself' else ', on top of NumPy'}: {found}", flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "process.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
