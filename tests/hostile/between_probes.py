"""Attacks of one probe of a submission on another: three exercises, and a function that the middle one may not use.

``before`` and ``after`` may use the given function ``add``; ``shift`` has to be written without. What a probe of the first kind
leaves behind must be of no use to ``shift``, whichever is called first, and what ``shift`` does must cost the others nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from attack import Change
from in_lib import FOLDERS, FORGE
from nbformat.v4 import new_code_cell
from tiny_course import EXERCISES, LAYERS, PROBES, TOML, answer, make_tiny

from gradlab.course import Course

PLUS = '''

class Plus:
    """Add, with the function that is given."""

    def forward(self, x, by):
        """Return x + by."""
        from lib.secret_ops import add

        return add(x, by)


class Later(Plus):
    """The same, asked for later."""
'''
MORE_PROBES = '''

def plus(case):
    """Add the arrays of a case."""
    from lib.layers import Plus

    return {"out": Plus().forward(case["x"], case["by"])}


def later(case):
    """Add the arrays of a case."""
    from lib.layers import Later

    return {"out": Later().forward(case["x"], case["by"])}
'''


def make_trio(root: Path) -> Course:
    """Write the tiny course with an exercise before and one after the shift, which may both use what is given."""
    course = make_tiny(root)
    (root / "lib" / "layers.py").write_text(LAYERS + PLUS)
    (root / "lib" / "check" / "probes_tiny.py").write_text(PROBES + MORE_PROBES)
    exercises = EXERCISES
    for name, probe in (("before", "plus"), ("after", "later")):
        made = f'EXERCISES["{name}"] = Exercise("{name}", probe="lib.check.probes_tiny:{probe}", cases=cases, judge=judge_shift, timeout=5)\n'
        exercises += made
    (course.exercises / "tiny.py").write_text(exercises)
    entry = '[[exercise]]\nname = "{}"\ntitle = "Plus"\npoints = 1\ngraded = "auto"\nheading = "1"\n\n'
    picture = '[[exercise]]\nname = "picture"'
    shift = '[[exercise]]\nname = "shift"'
    toml = TOML.replace(shift, entry.format("before") + shift).replace(
        picture, entry.format("after") + picture
    )
    (course.source / "tiny" / "assignment.toml").write_text(toml)
    path = course.source / "tiny" / "tiny.ipynb"
    nb = nbformat.read(path, as_version=4)
    for at, name in ((2, "before"), (4, "after")):
        label = {
            "schema_version": 3,
            "grade_id": name,
            "grade": True,
            "solution": False,
            "locked": True,
            "task": False,
            "points": 1,
        }
        nb.cells.insert(
            at, new_code_cell(f'check("{name}")', metadata={"nbgrader": label}, id=f"cell-{name}")
        )
    nbformat.write(nb, path)
    return course


@dataclass(frozen=True)
class Gift:
    """What the probe that has the given function leaves (``text`` is its source), and how the other one looks for it."""

    name: str
    tried: str
    leave: str
    take: str


GIFTS = (
    Gift(
        "files",
        "files in every folder that can be written to: the copy, `/tmp`, `/dev/shm`, the home, beside questions and answers",
        "for folder in [*here, Path('/dev/shm'), Path('/var/tmp'), Path.home(), Path.cwd() / 'lib']:\n    try:\n        (folder / 'gift.txt').write_text(text)\n    except OSError: pass",
        "for folder in [*here, Path('/dev/shm'), Path('/var/tmp'), Path.home(), Path.cwd() / 'lib']:\n    if (folder / 'gift.txt').is_file():\n        take((folder / 'gift.txt').read_text())",
    ),
    Gift(
        "a module",
        "the function written into its own modules, `lib/extra.py` and compiled ones, for the next import",
        "for name in ('lib/extra.py', 'lib/gift.py', 'gift.py'):\n    Path(name).write_text(text)\nimport py_compile\ntry:\n    py_compile.compile('lib/gift.py')\nexcept Exception: pass",
        "import importlib\nfor name in ('lib.extra', 'lib.gift', 'gift'):\n    try:\n        found.append(importlib.import_module(name).add)\n    except (ImportError, AttributeError): pass",
    ),
    Gift(
        "its own source",
        "its own file rewritten, so that the next probe imports an answer",
        "mine = Path(__file__)\nmine.write_text(mine.read_text().replace('GIFT' + ' = None', 'GIFT = ' + repr(text)))",
        "if GIFT:\n    take(GIFT)",
    ),
    Gift(
        "shared memory",
        "a segment of System V shared memory",
        "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.shmat.restype = ctypes.c_void_p\nnumber = libc.shmget(4711, 4096, 0o1666)\nif number >= 0:\n"
        "    place = libc.shmat(number, None, 0)\n    ctypes.memmove(place, text.encode() + b'\\0', len(text) + 1)",
        "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.shmat.restype = ctypes.c_void_p\nnumber = libc.shmget(4711, 4096, 0o666)\nif number >= 0:\n"
        "    take(ctypes.string_at(libc.shmat(number, None, 0)).decode())",
    ),
    Gift(
        "a server",
        "a process that goes on and serves the function at a port and at a socket without a file",
        "import socket\nfor kind, place in ((socket.AF_UNIX, '\\0gift'), (socket.AF_INET, ('127.0.0.1', 47113))):\n    if os.fork() == 0:\n        try:\n"
        "            os.setsid()\n            with socket.socket(kind) as server:\n                server.bind(place)\n                server.listen()\n                while True:\n                    line, _ = server.accept()\n"
        "                    line.sendall(text.encode())\n                    line.close()\n        finally:\n            os._exit(0)",
        "import socket, time\nfor kind, place in ((socket.AF_UNIX, '\\0gift'), (socket.AF_INET, ('127.0.0.1', 47113))):\n    try:\n        with socket.socket(kind) as line:\n            line.settimeout(1)\n"
        "            line.connect(place)\n            take(line.recv(4096).decode())\n    except OSError: pass",
    ),
    Gift(
        "another process",
        "a process that goes on and keeps the function in its environment, its working folder and an open file",
        "if os.fork() == 0:\n    import time\n    os.setsid()\n    os.environ['GIFT'] = text\n    os.execve(sys.executable, [sys.executable, '-c', 'import time; time.sleep(30)'], os.environ)",
        "for p in glob.glob('/proc/[0-9]*/environ'):\n    try:\n        for entry in open(p, 'rb').read().split(b'\\0'):\n            if entry.startswith(b'GIFT='):\n                take(entry[5:].decode())\n    except OSError: pass\n"
        "for p in glob.glob('/proc/[0-9]*/cwd/lib/secret_ops.py') + glob.glob('/proc/[0-9]*/root/**/lib/secret_ops.py'):\n    try:\n        take(open(p).read())\n    except OSError: pass",
    ),
    Gift(
        "the answers",
        "answers to every question that lies about, computed with the given function and put beside it",
        "space = {}\nexec(text, space)\nfor folder in [*here, *(p for top in here for p in top.glob('*'))]:\n    try:\n        if not (folder / 'inputs.npz').is_file(): continue\n"
        "        asked = dict(np.load(folder / 'inputs.npz'))\n        numbers = sorted({key.split('.')[0] for key in asked})\n"
        "        np.savez(folder / 'answers.npz', **{f'{n}.out': space['add'](asked[f'{n}.x'], asked[f'{n}.by']) for n in numbers})\n"
        "        (folder / 'answers.json').write_text(json.dumps({'cases': [{'ok': True, 'kinds': {}, 'mutated': []}] * len(numbers)}))\n    except (OSError, KeyError, ValueError): pass",
        "pass",
    ),
)
#: A process of the probe without the function waits for it to appear, and answers then.
WAITS = """\
if os.fork() == 0:
    import time
    os.setsid()
    for _ in range(600):
        for p in [*glob.glob(str(Path.cwd() / 'lib/secret_ops.py')), *glob.glob(str(Path.cwd().parent / '*/lib/secret_ops.py'))]:
            take(open(p).read())
        for folder in here if found else []:
            try:
                asked = dict(np.load(folder / 'inputs.npz'))
                numbers = sorted({key.split('.')[0] for key in asked})
                forge_these = {f'{n}.out': found[0](asked[f'{n}.x'], asked[f'{n}.by']) for n in numbers}
                np.savez(folder / 'answers.npz', **forge_these)
            except (OSError, KeyError, ValueError): pass
        time.sleep(.05)
    os._exit(0)"""
TAKE = """
GIFT = None
found = []
def take(text):
    if 'def add' in text:
        space = {}
        exec(text, space)
        found.append(space['add'])
"""


def _indent(code: str, levels: int = 2) -> str:
    return "\n".join("    " * levels + line for line in code.splitlines())


def layers(shift: str, plus: str = "", later: str = "pass") -> Change:
    """Return a change: this layer, and statements before the two others do what they should."""
    both = f"{FOLDERS}{FORGE}{TAKE}"
    told = "text = open('lib/secret_ops.py').read()\n" if plus else ""
    code = (
        f"import numpy as np\n{both}\n\nclass Shift:\n    def forward(self, x, by):\n{_indent(shift)}\n\n\n"
        f"class Plus:\n    def forward(self, x, by):\n{_indent(told + plus)}\n"
        "        from lib.secret_ops import add\n        return add(x, by)\n"
        f"\n\nclass Later:\n    def forward(self, x, by):\n{_indent(later)}\n"
        "        from lib.secret_ops import add\n        return add(x, by)\n"
    )

    def change(folder: Path, nb: Any) -> None:
        answer(folder, nb)
        (folder / "lib" / "layers.py").write_text(code)

    return change


def gifts(*chosen: Gift) -> Change:
    """Return a change: one probe leaves these, another one takes what it finds."""
    safe = "\n".join(f"try:\n{_indent(gift.leave, 1)}\nexcept Exception:\n    pass" for gift in chosen)
    taken = "\n".join(f"try:\n{_indent(gift.take, 1)}\nexcept Exception:\n    pass" for gift in chosen)
    return layers(
        f"{taken}\nreturn found[0](x, by) if found else x * 0 + 100",
        safe,
        f"text = open('lib/secret_ops.py').read()\n{safe}",
    )


@dataclass(frozen=True)
class Breaker:
    """What a probe does to the others, and what it has for itself afterwards: (before, shift, after)."""

    name: str
    tried: str
    code: str
    points: tuple[float, float, float] = (1, 0, 1)
    slow: bool = False


WRONG = "\nreturn x * 0 + 100"
BREAKERS = (
    Breaker(
        "kills_all",
        "kills every process that it sees, the one that started it first",
        "import signal\nfor number in (os.getppid(), -1):\n    if number != 1:\n        try:\n            os.kill(number, signal.SIGKILL)\n        except OSError: pass"
        + WRONG,
    ),
    Breaker(
        "stops_all",
        "stops every process that it sees, for ever",
        "import signal, time\nfor p in os.listdir('/proc'):\n    if p.isdigit() and int(p) not in (1, os.getpid()):\n        try:\n            os.kill(int(p), signal.SIGSTOP)\n        except OSError: pass"
        + WRONG,
        slow=True,
    ),
    Breaker(
        "plants_modules",
        "puts files in the place of numpy, lib/check and Python's own start",
        "for name in ('numpy.py', 'json.py', 'sitecustomize.py', 'lib/check/probe.py', 'lib/check/job.py', 'lib/check/probes_tiny.py', 'lib/secret_ops.py', 'lib/__init__.py'):\n"
        "    try:\n        Path(name).write_text('raise SystemExit(3)')\n    except OSError: pass" + WRONG,
    ),
    Breaker(
        "spoils_questions",
        "overwrites every question that it finds, so that its wrong answer would be right",
        "for folder in [*here, *(p for top in here for p in top.glob('*'))]:\n    try:\n        if (folder / 'inputs.npz').is_file():\n            np.savez(folder / 'inputs.npz', **{f'{i}.{k}': np.zeros(3) for i in range(4) for k in ('x', 'by')})\n"
        "    except OSError: pass" + WRONG,
    ),
    Breaker(
        "waits_for_it",
        "leaves a process that waits for the withheld function, and answers then",
        WAITS + WRONG,
    ),
    Breaker(
        "leaves_sleepers",
        "leaves 60 processes that sleep",
        "import time\nfor _ in range(60):\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(300)\n        os._exit(0)"
        + WRONG,
        slow=True,
    ),
    Breaker(
        "fills_up",
        "leaves 55 MB on disk, near the limit",
        "for i in range(3):\n    Path(f'big{i}').write_bytes(bytes(18_000_000))" + WRONG,
        slow=True,
    ),
    Breaker(
        "takes_all_memory",
        "takes more memory than all may have together, in 8 processes",
        "import time\nfor _ in range(8):\n    if os.fork() == 0:\n        block = bytearray(b'x' * 120_000_000)\n        time.sleep(20)\n        os._exit(0)\ntime.sleep(3)"
        + WRONG,
        slow=True,
    ),
    Breaker("never_returns", "never returns", "while True: pass", slow=True),
)
