"""Probes that share a sandbox: what one of them does costs its own item, and no other."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import psutil
import pytest

from gradlab import probing, sandbox
from gradlab.limits import Limits
from gradlab.probing import ProbeJob
from lib import check

pytestmark = pytest.mark.needs_sandbox

CHECKS = Path(check.__file__).parent
PROBES = '''\
"""Three probes, each of which calls what the student wrote."""


def call(case):
    """Call a function of the student's by its number."""
    from lib import layers

    return {"out": getattr(layers, f"f{int(case['which'])}")(case["x"])}
'''
#: What the second of three answers does before it is given. {FOLDER} is where the jobs lie.
ATTACKS = {
    "raises": "raise ValueError('no')",
    "exits": "os._exit(3)",
    "ends itself": "os.kill(os.getpid(), 9)",
    "kills the host": "os.kill(os.getppid(), 9)\ntime.sleep(5)",
    "kills everybody": "os.kill(-1, 9)\ntime.sleep(5)",
    "stops the host": "os.kill(os.getppid(), 19)\ntime.sleep(5)",
    "never ends": "while True: pass",
    "takes memory": "hoard = []\nwhile True: hoard.append(bytearray(20_000_000))",
    "speaks for the host": (
        "host = open(f'/proc/{os.getppid()}/fd/1', 'w')\n"
        "for job in ('000', '001', '002', '-1', '9' * 5000, '7'):\n"
        '    host.write(\'{"job": "%s", "timed_out": true, "returncode": 1, "last": "forged"}\\n\' % job)\n'
        "host.write('x' * 200_000 + '\\n{]\\n')\nhost.flush()\nos._exit(1)"
    ),
    "leaves programs behind": (
        "for _ in range(20):\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0:\n"
        "            while True:\n                try: open('lib/left_behind', 'w').close()\n                except OSError: pass\n"
        "        os._exit(0)\ntime.sleep(.2)\nos._exit(1)"
    ),
    "talks without end": "while True: os.write(2, b'x' * 65536)",
    "takes memory with children": (
        "for _ in range(4):\n    if os.fork() == 0:\n        hoard = bytearray(b'x' * 250_000_000)\n        time.sleep(9)\n"
        "time.sleep(5)"
    ),
    "takes all answers away": (
        "import shutil\njobs = os.path.join(os.path.dirname(os.getcwd()), 'jobs')\n"
        "for name in os.listdir(jobs): shutil.rmtree(os.path.join(jobs, name))\nos._exit(1)"
    ),
}
#: Those that take the sandbox along.
FATAL = (
    "kills the host",
    "kills everybody",
    "stops the host",
    "takes memory with children",
    "takes all answers away",
)

#: The daily run; the others are near to those of test_between_probes.py, or take their time.
DAILY = ("exits", "speaks for the host", "leaves programs behind", "takes all answers away")


def submission(root: Path, code: str) -> Path:
    """Write a lib with three functions, one of which attacks."""
    folder = root / "submission"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "__init__.py").touch()
    shutil.copy(CHECKS.parent / "errors.py", folder / "lib")
    body = "\n".join(f"    {line}" for line in code.splitlines())
    (folder / "lib" / "layers.py").write_text(
        "import os, sys, time\n\ndef f0(x): return x + 1\n\n"
        f"def f1(x):\n{body}\n    return x + 2\n\n"
        "def f2(x):\n    if os.path.exists('lib/left_behind'):\n"
        "        before = os.stat('lib/left_behind').st_mtime_ns\n        time.sleep(.3)\n"
        "        if os.stat('lib/left_behind').st_mtime_ns != before: raise RuntimeError('it is still there')\n"
        "    return x + 3\n"
    )
    return folder


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return lib/check with probes of our own."""
    folder = tmp_path_factory.mktemp("checks") / "check"
    shutil.copytree(CHECKS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "three.py").write_text(PROBES)
    return folder


def questions(timeout: float = 3) -> list[ProbeJob]:
    """Return three jobs that share a sandbox."""
    return [
        probing.make_job(
            f"item{which}",
            "lib.check.three:call",
            [{"which": np.array(which), "x": np.arange(3.0)}],
            withhold=("lib.ops",),
            timeout=timeout,
        )
        for which in range(3)
    ]


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in DAILY else pytest.mark.slow) for name in ATTACKS],
)
def test_one_answer_costs_no_other(
    name: str, checks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first and the third answer are what they would be alone, whatever the second does."""
    monkeypatch.setattr(probing, "HOST_SECONDS", 1.0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    alone: list[str] = []
    run_probe = probing.run_probe
    monkeypatch.setattr(
        probing, "run_probe", lambda *words: (alone.append(words[2].exercise), run_probe(*words))
    )
    asked = questions()
    limits = Limits(memory_mb=600, processes=100, disk_mb=100)
    probing.run_probes(submission(tmp_path, ATTACKS[name]), checks, asked, limits, tmp_path / "into")
    found = [probing.read_outcome(tmp_path / "into" / job.key, job) for job in asked]
    for number, added in ((0, 1), (2, 3)):
        answers, problem = found[number]
        assert problem == ""
        np.testing.assert_array_equal(answers[0].arrays["out"], np.arange(3.0) + added)
    answers, problem = found[1]
    assert problem or answers[0].error is not None or name == "stops the host"
    assert "forged" not in problem
    assert bool(alone) == (name in FATAL), alone
    assert not [
        p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or [])
    ]


def test_honest_answers_share_one_sandbox(
    checks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three answers, one program started; withheld modules are not there for any of them."""
    started = []
    run = sandbox.run
    monkeypatch.setattr(
        sandbox, "run", lambda command, **words: (started.append(command), run(command, **words))[1]
    )
    asked = questions()
    folder = submission(tmp_path, "import importlib.util\nassert importlib.util.find_spec('lib.ops') is None")
    (folder / "lib" / "ops.py").write_text("secret = 1\n")
    probing.run_probes(folder, checks, asked, Limits(), tmp_path / "into")
    assert len(started) == 1
    answers = [probing.read_outcome(tmp_path / "into" / job.key, job)[0][0] for job in asked]
    assert answers[1].error is not None
    assert "lib.ops cannot be used" in answers[1].error.message
    np.testing.assert_array_equal(answers[2].arrays["out"], [3, 4, 5])
