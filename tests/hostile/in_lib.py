"""Attacks in the file that a student hands in as their layer: it runs in the probe, as the probe's own code does."""

from __future__ import annotations

from dataclasses import replace

from attack import Attack, Points, layer
from hostile_code import NAMELESS, OPEN, SOCKETS

WRONG = "return x * 0 + 100"
RIGHT = "return np.add(x, by)"
#: Finds the folders that the probe's process may write to, its own question and answer among them.
FOLDERS = """\
import glob, json, os, sys, tempfile, zipfile
from pathlib import Path
here = [Path.cwd(), Path.cwd().parent, Path(tempfile.gettempdir()), *(Path(word) for word in sys.argv[1:])]
here += [Path(p) for p in glob.glob(str(Path.cwd().parent / '*'))]
here = [p for p in dict.fromkeys(here) if p.is_dir() and os.access(p, os.W_OK)]
"""
FORGE = """
import io
def forge(value=None, entries=None, raw=None):
    value = np.full(3, 7.0) if value is None else value
    for folder in here:
        try:
            np.savez(folder / 'answers.npz', **{f'{i}.out': value for i in range(4)})
            if raw is not None:
                (folder / 'answers.npz').write_bytes(raw)
            told = {'cases': entries or [{'ok': True, 'kinds': {}, 'mutated': []}] * 4}
            (folder / 'answers.json').write_text(json.dumps(told))
        except OSError:
            pass
"""
#: Looks for the function that may not be used, with `find` filled in, and answers with it if it is there.
USE = """
found = []
def take(text):
    if 'def add' in text:
        space = {}
        exec(text, space)
        found.append(space['add'])
"""
USE_IT = "return found[0](x, by) if found else x * 0 + 100"


def _answer(
    name: str, tried: str, happens: str, body: str, told: str, top: str = "", points: Points = (0, 2)
) -> Attack:
    return Attack(name, tried, happens, layer(body, top), points, told)


def _withheld(name: str, tried: str, top: str) -> Attack:
    return _answer(name, tried, "it is not there", USE_IT, "0 of 4 <arrays> are right", USE + top)


ENDS = (
    _answer(
        "sleeps_at_import",
        "the module sleeps for ever when it is imported",
        "stopped when its seconds are over",
        RIGHT,
        "took longer than 12 s",
        "import time\ntime.sleep(600)",
    ),
    _answer(
        "exits_at_import",
        "`os._exit(0)` when it is imported",
        "no answer, no points",
        RIGHT,
        "ended the Python process",
        "import os\nos._exit(0)",
    ),
    _answer(
        "leaves_politely",
        "`sys.exit()` in the layer",
        "an error of that case",
        "import sys\nsys.exit(0)",
        "0 of 4 points",
    ),
    _answer(
        "crashes",
        "reads address 0: a segmentation fault",
        "no answer, no points",
        "import ctypes\nctypes.string_at(0)",
        "ended the Python process",
    ),
    _answer(
        "interrupts",
        "raises `KeyboardInterrupt`, which is no `Exception`",
        "no answer, no points",
        "raise KeyboardInterrupt",
        "0 of 4 points",
    ),
    _answer(
        "fills_memory",
        "takes memory without end",
        "refused at the limit, or stopped",
        "blocks = []\nwhile True:\n    blocks.append(np.ones(5_000_000))",
        "0 of 4 points",
    ),
    _answer(
        "one_giant_array",
        "returns an array of 80 GB",
        "no memory for it",
        "return np.ones(10**10)",
        "Unable to allocate",
    ),
    _answer(
        "forks_without_end",
        "starts processes until it may not",
        "refused at the limit; all end with the probe",
        "import os, time\nfor _ in range(400):\n    if os.fork() == 0:\n        time.sleep(60)\n        os._exit(0)\n"
        "return np.add(x, by)",
        "0 of 4 points",
    ),
    _answer(
        "starts_threads",
        "starts 400 threads",
        "refused at the limit",
        "import threading, time\n"
        "for _ in range(400):\n    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nreturn np.add(x, by)",
        "can't start new thread",
    ),
    _answer(
        "recurses",
        "calls itself without end",
        "Python's own limit",
        "return self.forward(x, by)",
        "recursion",
    ),
    _answer(
        "removes_everything",
        "removes its own files, the question and the place for the answer",
        "gone is its copy; an answer that is right still counts",
        "import shutil\nfor folder in here:\n"
        "    shutil.rmtree(folder, ignore_errors=True)\nreturn np.add(x, by)",
        "4 of 4 points",
        FOLDERS,
        (4, 2),
    ),
    _answer(
        "locks_the_folder",
        "takes all rights from the folder of the answers",
        "no answer, no points",
        "for folder in here:\n    os.chmod(folder, 0)\nreturn np.add(x, by)",
        "0 of 4 points",
        FOLDERS,
    ),
    _answer(
        "links_its_answers",
        "links its answers to files of the grader",
        "links are removed, not followed",
        WRONG,
        "0 of 4 points",
        FOLDERS + "import atexit\n@atexit.register\ndef link():\n    for folder in here:\n"
        "        for name in ('answers.npz', 'answers.json'):\n            try:\n                (folder / name).unlink(missing_ok=True)\n"
        "                (folder / name).symlink_to('/etc/passwd')\n            except OSError: pass",
    ),
    _answer(
        "answers_in_a_pipe",
        "leaves a pipe in the place of its answers, on which the reader would wait for ever",
        "pipes are removed",
        WRONG,
        "0 of 4 points",
        FOLDERS + "import atexit\n@atexit.register\ndef link():\n    for folder in here:\n"
        "        for name in ('answers.npz', 'answers.json'):\n            try:\n                (folder / name).unlink(missing_ok=True)\n"
        "                os.mkfifo(folder / name)\n            except OSError: pass",
    ),
    _answer(
        "deep_folders",
        "makes folders within folders, 750 deep, with a path that no system call takes",
        "removed; no points are lost by it",
        "import os\nstart = os.getcwd()\n"
        "try:\n    for _ in range(750):\n        os.mkdir('d' * 50)\n        os.chdir('d' * 50)\nexcept OSError:\n    pass\nos.chdir(start)\n"
        "return np.add(x, by)",
        "4 of 4 points",
        points=(4, 2),
    ),
    _answer(
        "asks_aloud",
        "fails with a long message, which can hold what it was asked",
        "cut to 150 characters",
        "raise ValueError('asked ' + 'x' * 500)",
        f"asked {'x' * 144}...",
    ),
    _answer(
        "hides_memory",
        "asks for memory that no process and no folder holds: files without a name (`memfd_create`), System V segments",
        "refused; no points are lost by it",
        "import ctypes, os\nheld = ctypes.CDLL(None).shmget(0, 100_000_000, 0o1600) >= 0\ntry:\n    os.memfd_create('x')\n    held = True\n"
        "except OSError:\n    pass\nreturn x * 0 + 100 if held else np.add(x, by)",
        "4 of 4 points",
        points=(4, 2),
    ),
    _answer(
        "fills_sockets",
        "fills sockets with what nobody reads, in four processes",
        "stopped at the limit",
        SOCKETS + "return np.add(x, by)",
        "took more than 700 MB of memory",
    ),
    _answer(
        "nameless_files",
        "fills the disk with files whose names it removes",
        "stopped at the limit",
        NAMELESS.replace("SIZE", "5_000_000").replace("HOLD", OPEN) + "return np.add(x, by)",
        "wrote more than 60 MB to disk",
    ),
    _answer(
        "hides_files",
        "fills the disk in folders so deep that no path leads there",
        "stopped at the limit",
        "import os, time\nfor _ in range(100):\n    os.mkdir('d' * 50)\n    os.chdir('d' * 50)\n"
        "for i in range(6):\n    with open(f'f{i}', 'wb') as file:\n        file.write(bytes(19_000_000))\ntime.sleep(3)\nreturn np.add(x, by)",
        "wrote more than 60 MB to disk",
    ),
    _answer(
        "many_short_folders",
        "makes folders within folders, 1,500 deep, on which a watch that calls itself would end, and fills the disk then",
        "removed; the limits hold all the same",
        "import os, time\nstart = os.getcwd()\nfor _ in range(1500):\n    os.mkdir('d')\n    os.chdir('d')\n"
        "time.sleep(1.5)\nos.chdir(start)\nfor i in range(6):\n    open(f'f{i}', 'wb').write(bytes(19_000_000))\n"
        "time.sleep(2)\nreturn np.add(x, by)",
        "wrote more than 60 MB to disk",
    ),
    _answer(
        "many_files",
        "makes 3,000 empty files",
        "they end with the copy",
        "for number in range(3000):\n    open(f'f{number}', 'w').close()\nreturn np.add(x, by)",
        "4 of 4 points",
        points=(4, 2),
    ),
    _answer(
        "closes_everything",
        "closes every file of its process",
        "an answer all the same, or none",
        "import os\nos.closerange(0, 256)\n" + WRONG,
        "0 of 4 points",
    ),
)

FORGED = (
    _answer(
        "forges_at_import",
        "writes answers of its own when it is imported, and ends the process",
        "they count as what they are: wrong",
        WRONG,
        "0 of 4 <arrays> are right",
        FOLDERS + FORGE + "forge()\nos._exit(0)",
    ),
    _answer(
        "forges_at_exit",
        "replaces the answers when the process ends",
        "they count as what they are: wrong",
        RIGHT,
        "0 of 4",
        FOLDERS + FORGE + "import atexit\natexit.register(forge)",
    ),
    _answer(
        "races_the_runner",
        "a forked child writes answers of its own over and over",
        "it ends with the probe; what it wrote is wrong",
        WRONG,
        "0 of 4",
        FOLDERS
        + FORGE
        + "import time\nif os.fork() == 0:\n    while True:\n        forge()\n        time.sleep(.01)",
    ),
    _answer(
        "forges_a_traceback",
        "writes an error with markup and control characters into its record",
        "shown as harmless text",
        WRONG,
        "0 of 4 points",
        FOLDERS
        + FORGE
        + "forge(entries=[{'error': {'type': 'E\\x1b[2J', 'message': '<script>alert(1)</script>\\ud800', 'trace': 7}}] * 4)\nos._exit(0)",
    ),
    _answer(
        "forges_deep_json",
        "writes a record nested 100,000 deep",
        "refused",
        WRONG,
        "cannot be read",
        FOLDERS
        + FORGE
        + "forge()\nfor folder in here:\n    try:\n        (folder / 'answers.json').write_text('[' * 100_000 + ']' * 100_000)\n"
        "    except OSError: pass\nos._exit(0)",
    ),
    _answer(
        "forges_long_json",
        "writes a record of 15 MB",
        "refused by its size",
        WRONG,
        "0 of 4 points",
        FOLDERS
        + FORGE
        + "forge()\nfor folder in here:\n    try:\n        (folder / 'answers.json').write_text('[' + '0,' * 7_500_000 + '0]')\n"
        "    except OSError: pass\nos._exit(0)",
    ),
    _answer(
        "too_few_cases",
        "answers one case of four",
        "refused",
        WRONG,
        "cannot be read",
        FOLDERS + FORGE + "forge(entries=[{'ok': True}])\nos._exit(0)",
    ),
    _answer(
        "lying_zip",
        "an archive that says it unpacks to a terabyte",
        "refused unread",
        WRONG,
        "cannot be read",
        FOLDERS
        + FORGE
        + "import struct\nbuffer = io.BytesIO()\nnp.savez(buffer, **{'0.out': np.ones(3)})\nraw = bytearray(buffer.getvalue())\n"
        "at = raw.index(b'PK\\x01\\x02')\nraw[at + 24:at + 28] = struct.pack('<I', 0xfffffff0)\nforge(raw=bytes(raw))\nos._exit(0)",
    ),
    Attack(
        "zip_bomb",
        "an archive of 1 MB that unpacks to 800 MB",
        "refused unread",
        layer(
            WRONG,
            FOLDERS
            + FORGE
            + "buffer = io.BytesIO()\nwith zipfile.ZipFile(buffer, 'w', zipfile.ZIP_DEFLATED) as z:\n"
            "    with z.open('0.out.npy', 'w', force_zip64=True) as f:\n        for _ in range(100):\n            f.write(bytes(8_000_000))\n"
            "forge(raw=buffer.getvalue())\nos._exit(0)",
        ),
        (0, 2),
        "cannot be read",
        slow=True,
    ),
    _answer(
        "two_of_one_name",
        "two arrays of one name, one to be checked and one to be used",
        "refused",
        WRONG,
        "two arrays of one name",
        FOLDERS
        + FORGE
        + "import warnings\nwarnings.simplefilter('ignore')\nbuffer = io.BytesIO()\nwith zipfile.ZipFile(buffer, 'w') as z:\n"
        "    for value in (np.ones(3), np.zeros(3)):\n        part = io.BytesIO()\n        np.save(part, value)\n        z.writestr('0.out.npy', part.getvalue())\n"
        "forge(raw=buffer.getvalue())\nos._exit(0)",
    ),
    _answer(
        "climbs_in_the_zip",
        "an archive with `../../x.npy` in it",
        "nothing is unpacked to disk",
        WRONG,
        "0 of 4",
        FOLDERS
        + FORGE
        + "buffer = io.BytesIO()\nwith zipfile.ZipFile(buffer, 'w') as z:\n    part = io.BytesIO()\n    np.save(part, np.ones(3))\n"
        "    z.writestr('../../../x.npy', part.getvalue())\nforge(raw=buffer.getvalue())\nos._exit(0)",
    ),
    _answer(
        "pickles",
        "an array of objects: unpickling it would run code in the grader",
        "never unpickled",
        WRONG,
        "cannot be read",
        FOLDERS
        + FORGE
        + "class Run:\n    def __reduce__(self):\n        return os.system, ('touch /tmp/pickle-ran',)\n"
        "forge(np.array([Run(), 1, 2], dtype=object))\nos._exit(0)",
    ),
    _answer(
        "no_zip_at_all",
        "random bytes in the place of the answers",
        "refused",
        WRONG,
        "cannot be read",
        FOLDERS + FORGE + "forge(raw=os.urandom(5000))\nos._exit(0)",
    ),
)

VALUES = (
    _answer(
        "warns",
        "warns while it works, for which nbgrader alone gives no points",
        "right is right",
        "import warnings\nwarnings.warn('careful')\nreturn np.add(x, by)",
        "4 of 4 points",
        points=(4, 2),
    ),
    _answer("nan", "answers with NaN", "wrong", "return x * np.nan", "0 of 4"),
    _answer("infinite", "answers with infinities", "wrong", "return x / np.zeros_like(x)", "0 of 4"),
    _answer(
        "scalar",
        "answers with a number that would broadcast to the right shape",
        "wrong shape",
        "return np.float64(x[0])",
        "0 of 4",
    ),
    _answer(
        "text_array",
        "answers with an array of texts",
        "no array of numbers",
        "return np.array(['1', '2', '3'])",
        "0 of 4",
    ),
    _answer("nothing", "answers with `None`", "no array", "return None", "0 of 4"),
    _answer(
        "complex_array", "answers with complex numbers", "refused", "return np.add(x, by) + 0j", "0 of 4"
    ),
    _answer(
        "records",
        "answers with an array of records",
        "no array of numbers",
        "return np.zeros(3, dtype=[('a', 'f8')])",
        "0 of 4",
    ),
    _answer(
        "misshapen",
        "answers with the right numbers in another shape",
        "wrong shape",
        "return np.add(x, by)[None]",
        "0 of 4",
    ),
    _answer(
        "backwards",
        "answers right, with negative strides and in Fortran order",
        "right is right",
        "out = np.asfortranarray(np.add(x, by)[::-1])\nreturn out[::-1]",
        "4 of 4 points",
        points=(4, 2),
    ),
    _answer(
        "always_equal",
        "an array of its own class: equal to everything, NumPy's functions on it as it likes",
        "what counts are its numbers, in another process",
        "class Liar(np.ndarray):\n    __hash__ = None\n    def __eq__(self, other): return True\n"
        "    def __array_function__(self, function, types, args, kwargs): return True\n"
        "    def __array_ufunc__(self, *args, **kwargs): return np.array(0.0)\nreturn (x * 0 + 100).view(Liar)",
        "0 of 4",
    ),
    _answer(
        "lies_about_dtype",
        "an array of objects that calls itself an array of numbers",
        "refused: objects are not read",
        "class Liar(np.ndarray):\n    dtype = np.dtype('f8')\nreturn np.array([np.add, 1, 2], dtype=object).view(Liar)",
        "0 of 4 points",
    ),
    _answer(
        "evil_name",
        "an answer whose class has markup and control characters for a name",
        "shown as harmless text",
        "return type('<img src=x>\\x1b]0;', (), {})()",
        "0 of 4",
    ),
    _answer(
        "evil_error",
        "an error whose message is 10 MB of markup",
        "cut, and shown as harmless text",
        "raise ValueError('<script>' * 1_000_000)",
        "0 of 4 points",
    ),
    _answer(
        "error_that_fails",
        "an error that raises when it is shown",
        "no answer, no points",
        "class E(Exception):\n    def __str__(self): raise SystemExit(0)\nraise E",
        "0 of 4 points",
    ),
    _answer(
        "prints_a_flood",
        "prints 20 MB in the probe",
        "cut; right is right",
        "import sys\nif by == 0:\n    sys.stdout.write('x' * 10_000_000)\n" + RIGHT,
        "4 of 4 points",
        points=(4, 2),
    ),
)

PATCHES = (
    _answer(
        "patches_savez",
        "replaces `np.savez` and `json.dumps` in the probe",
        "no answer, or a wrong one",
        WRONG,
        "0 of 4",
        "import json\nnp.savez = lambda *a, **k: None\njson.dumps = lambda *a, **k: '{\"cases\": []}'",
    ),
    _answer(
        "patches_the_runner",
        "replaces the functions of the probe's runner, found as `__main__`",
        "there is no right answer for it to put in",
        WRONG,
        "0 of 4",
        "import __main__\nfor name, value in list(vars(__main__).items()):\n    if callable(value) and name not in ('main',) and getattr(value, '__module__', '') == '__main__':\n"
        "        try:\n            setattr(__main__, name, lambda *a, **k: ({'out': np.zeros(3)}, {'ok': True}))\n        except Exception: pass",
    ),
    _answer(
        "patches_numpy",
        "replaces `np.allclose`, `np.array_equal` and `np.testing` in the probe",
        "judges compare in another process",
        WRONG,
        "0 of 4",
        "np.allclose = np.array_equal = np.isclose = np.testing.assert_allclose = lambda *a, **k: True",
    ),
    _answer(
        "climbs_the_stack",
        "looks for the right answer in the frames that called it",
        "it is not in this process",
        """\
import sys
frame, seen = sys._getframe(), []
while frame:
    for name, value in frame.f_locals.items():
        if name in ('reference', 'expected', 'wanted', 'solution'):
            seen.append(value)
    frame = frame.f_back
return seen[0] if seen else x * 0 + 100""",
        "0 of 4",
    ),
    _answer(
        "searches_memory",
        "looks for the right answer among all arrays of the process",
        "it is not in this process",
        """\
import gc
known = [x, by]
for thing in gc.get_objects():
    for value in (thing.values() if type(thing) is dict else ()):
        if type(value) is np.ndarray and value.shape == (3,) and value.dtype == float:
            if by != 0 and np.ptp(value - x) < 1e-9 and abs((value - x)[0]) > 1e-9:
                return value
return x * 0 + 100""",
        "0 of 4",
    ),
    _answer(
        "replaces_the_judge",
        "puts modules of its own into `sys.modules`: exercises, gradlab, lib.check",
        "they live in its own process",
        WRONG,
        "0 of 4",
        "import sys, types\nfor name in ('exercises', 'exercises.tiny', 'gradlab', 'gradlab.verdict', 'lib.check.job'):\n    sys.modules[name] = types.ModuleType(name)",
    ),
    _answer(
        "import_hook",
        "a finder of its own before all others, for every later import",
        "it lives in its own process",
        WRONG,
        "0 of 4",
        "import sys\nclass Finder:\n    @staticmethod\n    def find_spec(name, path=None, target=None):\n        raise ImportError(name)\nsys.meta_path.insert(0, Finder)",
    ),
)

#: The withheld function is `add` of lib/secret_ops.py.
WITHHELD = (
    _withheld(
        "imports_it",
        "imports it, the finder that forbids it removed",
        "import sys, importlib\n"
        "sys.meta_path[:] = [f for f in sys.meta_path if type(f).__name__ != 'Withheld']\n"
        "try:\n    from lib.secret_ops import add\n    found.append(add)\nexcept ImportError: pass",
    ),
    _withheld(
        "loaded_before",
        "looks for it among the modules that are loaded",
        "import sys\n"
        "found += [m.add for n, m in list(sys.modules.items()) if n.endswith('secret_ops') and hasattr(m, 'add')]",
    ),
    _withheld(
        "compiled",
        "looks for its compiled file",
        "import glob, marshal\nfor p in glob.glob('**/*secret_ops*.pyc', recursive=True):\n"
        "    space = {}\n    exec(marshal.loads(open(p, 'rb').read()[16:]), space)\n    found.append(space['add'])",
    ),
    _withheld(
        "walks_the_disk",
        "looks for it in every folder but Python's own",
        "import os, sys\n"
        "for top, folders, files in os.walk('/'):\n    if top in ('/', ):\n        folders[:] = [f for f in folders if f not in ('proc', 'sys', 'usr', 'lib', 'lib64', 'bin', 'sbin')]\n"
        "    if top.startswith(sys.prefix) or top.startswith(sys.base_prefix):\n        folders[:] = []\n        continue\n"
        "    for name in files:\n        if name in ('secret_ops.py', 'layers.py') and top + '/' + name != __file__:\n"
        "            try:\n                take(open(top + '/' + name).read())\n            except OSError: pass",
    ),
    _withheld(
        "through_proc",
        "looks for it through `/proc/*/root`, `/proc/*/cwd` and open files of other processes",
        "import glob\n"
        "for p in glob.glob('/proc/[0-9]*/root/**/lib/secret_ops.py') + glob.glob('/proc/[0-9]*/cwd/lib/secret_ops.py') + glob.glob('/proc/[0-9]*/fd/*'):\n"
        "    try:\n        text = open(p).read(20_000) if 'secret' in p else ''\n        take(text)\n    except (OSError, ValueError): pass",
    ),
    _withheld(
        "installed",
        "looks for the course where Python has it installed, and for the grader's own package",
        "import importlib.util, sys\nfrom pathlib import Path\n"
        "for name in ('gradlab', 'exercises', 'lib'):\n    try:\n        spec = importlib.util.find_spec(name)\n    except (ImportError, ValueError):\n        continue\n"
        "    for place in (spec.submodule_search_locations or []) if spec else []:\n        for p in [Path(place) / 'secret_ops.py', Path(place).parent / 'lib/secret_ops.py']:\n"
        "            if p.is_file():\n                take(p.read_text())\n"
        "for module in list(sys.modules.values()):\n    for place in getattr(module, 'MAPPING', {}).values() if hasattr(module, 'MAPPING') else []:\n"
        "        p = Path(place) / 'secret_ops.py'\n        if p.is_file():\n            take(p.read_text())",
    ),
    _answer(
        "writes_its_own",
        "writes a module of the withheld name again, with code of its own",
        "its own code is its own work",
        "return own.add(x, by)",
        "4 of 4 points",
        "import sys, types\nown = types.ModuleType('lib.secret_ops')\nexec('def add(x, by):\\n    return x + by', vars(own))\n"
        "sys.modules['lib.secret_ops'] = own\nopen('lib/secret_ops.py', 'w').write('def add(x, by):\\n    return x + by\\n')",
        points=(4, 2),
    ),
)
#: What differs little from an entry of the daily run.
ALIKE = set(
    [
        "interrupts",
        "one_giant_array",
        "starts_threads",
        "closes_everything",
        "many_short_folders",
        "too_few_cases",
        "climbs_in_the_zip",
    ]
)
ALIKE |= set(
    [
        "no_zip_at_all",
        "infinite",
        "records",
        "nothing",
        "text_array",
        "backwards",
        "evil_error",
        "patches_numpy",
        "replaces_the_judge",
        "import_hook",
    ]
)
ALIKE |= set(
    [
        "compiled",
        "loaded_before",
        "leaves_politely",
        "locks_the_folder",
        "many_files",
        "recurses",
        "fills_memory",
        "forges_long_json",
    ]
)
LIB = tuple(
    replace(attack, slow=True) if attack.name in ALIKE else attack
    for attack in (*ENDS, *FORGED, *VALUES, *PATCHES, *WITHHELD)
)
