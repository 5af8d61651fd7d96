"""Attacks from the notebook on its own verdict. In each, both answers are wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from attack import Attack, Change, Points, answer, cell, cell_of, right_but
from hostile_code import FILES, NETWORK, PROCESSES
from nbformat.v4 import new_code_cell, new_output

JUDGED_BY_FILES = "the judge looks at files and arrays, in another process"


@dataclass(frozen=True)
class Trick:
    """A cell that would fake a verdict. Several of them go into one submission; each says ``tried`` at its end."""

    name: str
    tried: str
    happens: str
    code: str


#: Each list is one submission, in the order in which the tricks do not stand in each other's way.
TRICKS: dict[str, Sequence[Trick]] = {
    "patches_libraries": (
        Trick(
            "replaces check",
            "replaces `lib.check.check` by one that is content",
            JUDGED_BY_FILES,
            "import lib.check\nlib.check.check = check = lambda *a, **k: print('passed')",
        ),
        Trick(
            "patches NumPy",
            "replaces NumPy's comparisons and `np.testing`",
            JUDGED_BY_FILES,
            "import numpy as np\nnp.allclose = np.array_equal = np.testing.assert_allclose = lambda *a, **k: True",
        ),
        Trick(
            "patches code objects",
            "replaces `__code__` of functions of lib",
            JUDGED_BY_FILES,
            "import lib.check.values as values\nvalues.export_values.__code__ = (lambda name, objects, folder: None).__code__",
        ),
        Trick(
            "equal to everything",
            "builtins and values whose `__eq__` is always true",
            JUDGED_BY_FILES,
            "class Any:\n    def __eq__(self, other): return True\n    __hash__ = None\nimport builtins\nbuiltins.float = builtins.abs = lambda *a: Any()",
        ),
        Trick(
            "module of a name",
            "`sys.modules` filled with modules of its own",
            JUDGED_BY_FILES,
            "import sys, types\nfor name in ('lib.check.run', 'exercises', 'gradlab.verdict'): sys.modules[name] = types.ModuleType(name)",
        ),
        Trick(
            "import hook",
            "an import hook that gives out modules of its own",
            JUDGED_BY_FILES,
            "import sys\nclass Hook:\n    def find_spec(self, name, path=None, target=None): return None\nsys.meta_path.insert(0, Hook())",
        ),
        Trick(
            "rewrites lib",
            "rewrites lib, its checks and its layer while the notebook runs",
            "it is a copy; probes get another one",
            "from pathlib import Path\nfor p in Path('lib').rglob('*.py'): p.write_text('def check(*a, **k): pass\\nclass Shift:\\n"
            "    def forward(self, x, by):\\n        return x + by\\n')",
        ),
        Trick(
            "package in place of a file",
            "`lib/check/probe/__init__.py`, `numpy.py` and `sitecustomize.py`, which would come first",
            "they lie in a copy; probes get another one",
            "from pathlib import Path\nPath('lib/check/probe').mkdir(exist_ok=True)\nfor name in ('lib/check/probe/__init__.py', 'numpy.py', 'sitecustomize.py'):\n"
            "    Path(name).write_text('raise SystemExit(0)')",
        ),
        Trick(
            "keeps the given function",
            "copies the withheld function over its own layer, for the probe to find",
            "it is a copy; probes get another one",
            "from pathlib import Path\ntext = 'class Shift:\\n    def forward(self, x, by):\\n        return x + by\\n'\n"
            "for name in ('lib/layers.py', 'lib/extra.py', '/tmp/layers.py', '/dev/shm/layers.py'):\n    Path(name).write_text(text)",
        ),
        Trick(
            "forges values",
            "writes arrays into the folder of the values, for an exercise that is judged from lib",
            "that exercise is judged from lib",
            "import os\nfolder = os.environ['GRADLAB_VALUES']\n"
            "np.savez(folder + '/shift.npz', out=np.ones(3))\nnp.savez(folder + '/words.npz', points=np.ones(1))",
        ),
        Trick(
            "plants a bundle",
            "writes files of a bundle: outputs, probes, outcomes",
            "only arrays are taken from there",
            "import json, os\nfolder = os.environ['GRADLAB_VALUES']\nfor name in ('../execution.json', 'execution.json', 'outcome.json', 'shift-0/answers.json'):\n"
            "    try:\n        os.makedirs(os.path.dirname(folder + '/' + name), exist_ok=True)\n        open(folder + '/' + name, 'w').write(json.dumps({}))\n    except OSError: pass",
        ),
        Trick(
            "many values",
            "300 archives of 100 kB in the folder of the values",
            "only those of exercises are taken",
            "for i in range(300): np.save(open(f'{folder}/v{i}.npz', 'wb'), np.zeros(12_500))",
        ),
    ),
    "patches_ipython": (
        Trick(
            "shows points",
            "prints and displays points, as numbers and as HTML",
            "outputs of graded cells are replaced by the verdict",
            "from IPython.display import display, HTML\ndisplay(HTML('<b>4 of 4 points</b>'))\nprint('4 of 4 points')",
        ),
        Trick(
            "display hook",
            "`sys.displayhook` and formatters that turn every result into points",
            "outputs of graded cells are replaced by the verdict",
            "import sys\nsys.displayhook = lambda value: print(4.0)\nget_ipython().display_formatter.formatters['text/plain'].for_type(object, lambda *a: '4.0')",
        ),
        Trick(
            "custom exceptions",
            "an exception handler that hides every failure",
            "outputs of graded cells are replaced by the verdict",
            "get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)",
        ),
        Trick(
            "cell hooks",
            "functions that run before and after every cell, which hide its errors",
            "outputs of graded cells are replaced by the verdict",
            "get_ipython().events.register('pre_run_cell', lambda *a: None)",
        ),
        Trick(
            "patches ast",
            "`ast.parse` and `compile` that drop assertions",
            JUDGED_BY_FILES,
            "import ast, builtins\nold = builtins.compile\nbuiltins.compile = lambda source, *a, **k: old(source, *a, **k)",
        ),
        Trick(
            "ast transformers",
            "an IPython transformer that removes assertions and calls of check",
            "the cells are judged although they do not run",
            "class Drop(ast.NodeTransformer):\n    def visit_Assert(self, node): return ast.Pass()\n    def visit_Expr(self, node):\n"
            "        return ast.Pass() if 'check(' in ast.unparse(node) else node\nget_ipython().ast_transformers.append(Drop())",
        ),
        Trick(
            "input transformers",
            "an IPython transformer that makes `pass` of every later cell",
            "the cells are judged although they do not run",
            "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])",
        ),
    ),
}


def tricks(name: str) -> Change:
    """Return a change: wrong answers, and these tricks after the imports."""

    def change(folder: Path, nb: Any) -> None:
        cell("")(folder, nb)
        del nb.cells[2]
        for number, trick in enumerate(TRICKS[name]):
            code = trick.code + f"\nprint('tried {trick.name}')"
            nb.cells.insert(2 + number, new_code_cell(code, id=f"trick-{number}"))

    return change


def alone(trick: Trick) -> Change:
    """Return a change: wrong answers, and one trick."""
    needed = "import ast, os\nfolder = os.environ['GRADLAB_VALUES']\n"
    return cell(f"{needed}{trick.code}\nprint('tried {trick.name}')")


def _labels(**changes: Any) -> Change:
    def change(folder: Path, nb: Any) -> None:
        cell("pass")(folder, nb)
        cell_of(nb, "shift").metadata.nbgrader.update(changes)

    return change


def _points(folder: Path, nb: Any) -> None:
    _labels(points=1000)(folder, nb)
    cell_of(nb, "picture").metadata.nbgrader.points = 1000


def _own_exercise(folder: Path, nb: Any) -> None:
    cell("pass")(folder, nb)
    label = {
        "schema_version": 3,
        "grade": True,
        "solution": False,
        "locked": False,
        "task": False,
        "grade_id": "bonus",
        "points": 50,
    }
    nb.cells.append(new_code_cell("1", id="bonus", metadata={"nbgrader": label}))


def _edited(folder: Path, nb: Any) -> None:
    cell("pass")(folder, nb)
    cell_of(nb, "shift").metadata.nbgrader.locked = False
    cell_of(nb, "shift").source = "4.0"


def _markdown(folder: Path, nb: Any) -> None:
    cell("pass")(folder, nb)
    for name in ("shift", "picture"):
        cell_of(nb, name).cell_type = "markdown"
        cell_of(nb, name).pop("outputs", None)
        cell_of(nb, name).pop("execution_count", None)


def _graded_answer(folder: Path, nb: Any) -> None:
    cell("pass")(folder, nb)
    cell_of(nb, "picture_answer").metadata.nbgrader.update(grade=True, points=50)


def _manual(folder: Path, nb: Any) -> None:
    cell("pass")(folder, nb)
    cell_of(nb, "look").source = "pass"
    cell_of(nb, "look").metadata.nbgrader.solution = False


def _verdicts(folder: Path, nb: Any) -> None:
    cell("pass")(folder, nb)
    said = {"shift": {"points": 4.0, "max_points": 4.0, "reason": "all"}}
    nb.metadata["gradlab"].update(
        verdicts=said, notes=["The grader gives all points."], version=nb.metadata["gradlab"]["version"]
    )
    cell_of(nb, "shift").outputs = [
        new_output("execute_result", data={"text/plain": "4.0"}, execution_count=1)
    ]


def _kernel(folder: Path, nb: Any) -> None:
    cell("pass")(folder, nb)
    nb.metadata["kernelspec"] = {"name": "evil", "display_name": "evil", "language": "bash"}


def _version(folder: Path, nb: Any) -> None:
    cell("pass")(folder, nb)
    nb.metadata["gradlab"]["version"] = "../../../../etc"


def _files(folder: Path, nb: Any) -> None:
    cell("pass")(folder, nb)
    (folder / "assignment.toml").write_text("[[exercise]]\npoints = 1000\n")
    (folder / "release.json").write_text(json.dumps({"version": "0" * 16, "files": {}}))
    (folder / "nbgrader_config.py").write_text("1 / 0")
    for name in (
        "lib/check/probe/__init__.py",
        "lib/check/probes_tiny.py",
        "matplotlib.py",
        "lib/__init__.py",
        "conftest.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("def shift(case): return {'out': case['x']}\n")


def _compiled(folder: Path, nb: Any) -> None:
    cell("pass")(folder, nb)
    for name in ("lib/__pycache__/layers.cpython-311.pyc", "lib/layers.so", "lib/secret_ops.so"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"\0" * 100)


def _model(folder: Path, nb: Any) -> None:
    answer(folder, nb)
    np.savez(folder / "model.npz", allow_pickle=np.array([print], dtype=object))


WRONG: Points = (0, 0)
FORGERIES = (
    Attack(
        "adds_points",
        "the points of graded cells set to 1000 in their labels",
        "labels come from the gradebook",
        _points,
        WRONG,
        "The label of the cell 'shift' had been changed (points)",
    ),
    Attack(
        "ungrades",
        "`grade: false` on a graded cell",
        "labels come from the gradebook",
        _labels(grade=False),
        WRONG,
        "The label of the cell 'shift' had been changed (grade)",
    ),
    Attack(
        "flips_solution",
        "a graded cell labelled as an answer to be graded by hand",
        "labels come from the gradebook",
        _labels(solution=True),
        WRONG,
        "The label of the cell 'shift' had been changed (solution)",
    ),
    Attack(
        "grades_an_answer",
        "an answer cell labelled as graded, worth 50 points",
        "labels come from the gradebook",
        _graded_answer,
        WRONG,
        "The label of the cell 'picture_answer' had been changed (grade)",
    ),
    Attack(
        "own_exercise",
        "a cell of its own, graded, worth 50 points",
        "there is no such exercise",
        _own_exercise,
        WRONG,
        "A cell called itself 'bonus'",
    ),
    Attack(
        "edits_a_check",
        "a graded cell unlocked, its source now `4.0`",
        "it counts as it was released",
        _edited,
        WRONG,
        "The cell 'shift' had been changed; it counts as it was released",
    ),
    Attack(
        "makes_it_text",
        "graded cells turned into markdown",
        "they are code again",
        _markdown,
        WRONG,
        "had become a markdown cell",
    ),
    Attack(
        "manual_to_auto",
        "an answer for people relabelled so that a machine would give all points",
        "it waits for people",
        _manual,
        WRONG,
        "The label of the cell 'look' had been changed (solution)",
    ),
    Attack(
        "forges_verdicts",
        "a record of verdicts and notes of the grader in the notebook's metadata, outputs with points",
        "replaced",
        _verdicts,
        WRONG,
        "0 of 4",
    ),
    Attack(
        "names_a_kernel",
        "a kernel of another name, of another language",
        "not used",
        _kernel,
        WRONG,
        "0 of 4",
    ),
    Attack(
        "names_a_version",
        "`../../../../etc` for the version of its release",
        "only versions that were released are known",
        _version,
        WRONG,
        "which is not kept",
    ),
    Attack(
        "replaces_files",
        "files of the course in its folder: checks, assignment.toml, release.json, modules that shadow others",
        "the course's own files are put in their places, unknown ones left behind",
        _files,
        WRONG,
        "0 of 4",
    ),
    Attack(
        "brings_binaries",
        "compiled files that Python would load before the source",
        "left behind",
        _compiled,
        WRONG,
        "0 of 4",
    ),
    Attack(
        "pickled_model", "a model.npz with a pickle in it", "never unpickled", _model, (4, 2), "4 of 4 points"
    ),
)


def _notes_in_names(folder: Path) -> None:
    (folder / "tiny.ipynb").rename(folder / "x<img src=x onerror=alert(1)>.ipynb")


def _page(folder: Path, nb: Any) -> None:
    script = "<script>fetch('/api/contents')</script><img src=x onerror='alert(1)'>"
    cell_of(nb, "words").source = f"I see ones. {script}"
    cell_of(
        nb, "look"
    ).source = f"from IPython.display import HTML, Javascript, display\ndisplay(HTML({script!r}), Javascript('alert(1)'))"


PAGES = (
    Attack(
        "script_in_a_name",
        "a notebook whose file name is markup with a script",
        "shown as harmless text",
        answer,
        (4, 2),
        "&lt;img src=x onerror=alert(1)",
        _notes_in_names,
    ),
    Attack(
        "scripts_for_the_grader",
        "scripts in its text and outputs, which would run in Formgrader with the grader's rights",
        "taken out when Formgrader shows them",
        right_but(_page),
        (4, 2),
    ),
)


def _ends(
    name: str, tried: str, happens: str, code: str, told: str, points: Points = (4, 0), *, slow: bool = True
) -> Attack:
    return Attack(
        name,
        tried,
        happens,
        cell(code, out="np.add(x, by)", picture="np.ones((2, 2))"),
        points,
        told,
        slow=slow,
    )


#: The layer is right: what the notebook does costs what it would have shown, and nothing else.
ENDS = (
    _ends(
        "kernel_exits",
        "`os._exit(1)` in a cell",
        "cells after that did not run; the layer is graded",
        "import os\nos._exit(1)",
        "The kernel died",
        slow=False,
    ),
    _ends(
        "sys_exits",
        "`sys.exit()` in a cell",
        "an error of that cell; the next one runs",
        "import sys\nsys.exit()",
        "4 of 4 points",
        (4, 2),
    ),
    _ends(
        "asks",
        "`input()`, which would wait for ever",
        "an error of that cell; the next one runs",
        "input('name?')",
        "4 of 4 points",
        (4, 2),
    ),
    _ends(
        "loops",
        "a cell that never ends",
        "interrupted after its seconds; the next one runs",
        "while True: pass",
        "ran longer than allowed",
        (4, 2),
    ),
    _ends(
        "ignores_interrupts",
        "a cell that never ends and ignores interrupts",
        "the kernel is ended; cells after that did not run",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        "could not be interrupted",
    ),
    _ends(
        "takes_memory",
        "takes memory in pieces without end",
        "refused at the limit, or stopped",
        "blocks = []\nwhile True:\n    blocks.append(bytearray(50_000_000))",
        "",
        (4, 2),
    ),
    _ends(
        "fills_the_disk",
        "files without end",
        "stopped at the limit",
        "import time\nfor i in range(60):\n    open(f'part{i}', 'wb').write(bytes(15_000_000))\n    time.sleep(.1)",
        "to disk",
    ),
    _ends(
        "floods_the_output",
        "40 MB of output",
        "cut at the limit",
        "for _ in range(4000):\n    print('x' * 9_999)",
        "printed more than",
        (4, 2),
    ),
    _ends(
        "searches_for_ever",
        "a regular expression that goes back and forth for years",
        "interrupted after its seconds; the next one runs",
        "import re\nre.match('(a+)+$', 'a' * 60 + 'b')",
        "ran longer than allowed",
        (4, 2),
    ),
    _ends(
        "fills_tmp",
        "files without end in `/tmp`",
        "full at 256 MB",
        "for i in range(60):\n    open(f'/tmp/part{i}', 'wb').write(bytes(15_000_000))",
        "No space left",
        (4, 2),
    ),
    _ends(
        "removes_its_folder",
        "removes its own folder",
        "it is a copy; the layer is graded from another one",
        "import shutil\nshutil.rmtree('.', ignore_errors=True)",
        "4 of 4 points",
        (4, 0),
    ),
    _ends(
        "leaves_a_daemon",
        "a process that leaves its parent and goes on",
        "ends with the sandbox",
        "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; DAEMON_OF_A_STUDENT = time.sleep(900)'], start_new_session=True)",
        "4 of 4 points",
        (4, 2),
        slow=False,
    ),
    _ends(
        "deep_folders_in_cell",
        "folders within folders, 750 deep, with a path that no system call takes",
        "removed; no points are lost by it",
        "import os\nstart = os.getcwd()\ntry:\n    for _ in range(750):\n        os.mkdir('d' * 50)\n        os.chdir('d' * 50)\nexcept OSError:\n    pass\nos.chdir(start)",
        "4 of 4 points",
        (4, 2),
        slow=False,
    ),
)


def _looks_outside(folder: Path, nb: Any) -> None:
    """Try every way out, with right answers."""
    answer(folder, nb)
    course = folder.parents[2]
    for number, code in enumerate((FILES | NETWORK | PROCESSES).values()):
        filled = code.replace("COURSE", str(course)).replace("PYTHON", sys.prefix).replace("PORT", "9")
        nb.cells.insert(2 + number, new_code_cell(filled, id=f"way-{number}"))


OUTSIDE = Attack(
    "looks_outside",
    "all of the above in one submission with right answers",
    "nothing is found, and right is right",
    _looks_outside,
    (4, 2),
    "4 of 4 points",
)
