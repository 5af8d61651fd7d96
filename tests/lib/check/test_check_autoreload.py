"""A notebook with autoreload: an edited file is the one that runs, for new objects and for those that exist."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

SESSION = """
import os, time
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()

def run(code):
    result = shell.run_cell(code)
    result.raise_error()

run("%load_ext autoreload")
run("%autoreload 2")
run("from lib.check import check")
run("from lib.cnn.layer_utils import ConvLayer2D")
run("from lib.cnn.cnn_models import TestCNN")
run("layer, model = ConvLayer2D(3, 3, 2), TestCNN()")
run("assert layer.get_output_size((1, 5, 5, 3)) == [1, 3, 3, 2]")
path = Path("lib/cnn/layer_utils.py")
text = path.read_text()
edited = text.replace("output_size = [N, OH, OW, self.number_filters]", "output_size = [N, OH, OW, 77]")
assert edited != text
path.write_text(edited)
os.utime(path, (time.time() + 5, time.time() + 5))
run("assert layer.get_output_size((1, 5, 5, 3)) == [1, 3, 3, 77], layer.get_output_size((1, 5, 5, 3))")
run("assert ConvLayer2D(3, 3, 2).get_output_size((1, 5, 5, 3)) == [1, 3, 3, 77]")
try:
    run("check('output_size')")
except AssertionError as error:
    assert "77" in str(error), error
else:
    raise SystemExit("the check did not see the edit")
path.write_text(text)
os.utime(path, (time.time() + 10, time.time() + 10))
run("check('output_size')")
run("check('test_cnn')")
print("autoreload works")
"""


def test_edited_layer_is_the_one_that_runs(tmp_path):
    """After an edit the object of an earlier cell, a new object and the check all use the file as saved."""
    shutil.copytree(ROOT / "lib", tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "session.py").write_text(SESSION)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "session.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "autoreload works" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
