"""The shape of the project: which room may import which, how large a file may be, what must not be in git."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {
    "lib": sorted((ROOT / "lib").rglob("*.py")),
    "exercises": sorted((ROOT / "exercises").rglob("*.py")),
    "gradlab": sorted((ROOT / "gradlab").rglob("*.py")),
}
SOURCES = [*ROOMS["lib"], *ROOMS["exercises"], *ROOMS["gradlab"]]
NOTEBOOKS = sorted((ROOT / "source").glob("*/*.ipynb"))

# lib's own arrows: a room may import itself, errors, and what stands here
LIB_ARROWS = {
    "errors": set(),
    "ops": set(),
    "mlp": {"datasets", "model_file", "trained_file", "interrupt", "progress"},
    "cnn": {"ops", "mlp"},
    "convnet": {"ops"},
    "intro": {"datasets", "model_file", "trained_file", "progress"},
    "optim": {"update_rules"},
    "update_rules": set(),
    "interrupt": set(),
    "progress": set(),
    "solver": {"optim", "update_rules", "interrupt", "model_file", "progress"},
    "solve_or_load": {"solver", "model_file", "trained_file", "progress"},
    "trained_file": {"model_file"},
    "grad_check": set(),
    "vis_utils": {"vis_confusion", "vis_grid"},
    "vis_confusion": set(),
    "vis_grid": set(),
    "model_file": set(),
    "manifest": set(),
    "datasets": {"manifest"},
    "check": {
        "ops",
        "mlp",
        "cnn",
        "convnet",
        "intro",
        "model_file",
        "grad_check",
        "manifest",
        "datasets",
        "optim",
    },
    "report": {"manifest"},
    "handin": {"manifest", "report"},
}


def imports(path: Path) -> set[str]:
    """Return the dotted names that a file imports, relative ones made absolute."""
    package = list(path.relative_to(ROOT).parts[:-1])
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


def relative(path: Path) -> str:
    """Name a file the way a reader of the failure wants to see it."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", ROOMS["lib"], ids=relative)
def test_lib_imports_neither_gradlab_nor_exercises(path):
    """What students get must work without the instructor's tools."""
    tops = {name.split(".")[0] for name in imports(path)}
    assert not tops & {"gradlab", "exercises", "tests", "benchmarks"}


@pytest.mark.parametrize("path", ROOMS["exercises"], ids=relative)
def test_exercises_do_not_import_gradlab(path):
    """Probes and judges know the library, not the tools that run them."""
    assert "gradlab" not in {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", ROOMS["lib"], ids=relative)
def test_rooms_of_lib_follow_the_arrows(path):
    """Inside lib, errors stand below ops, ops below the layers, and the rest knows protocols only."""
    parts = path.relative_to(ROOT / "lib").with_suffix("").parts
    room = parts[0]
    if room == "__init__":
        return
    allowed = LIB_ARROWS[room] | {room, "errors"}
    used = {name.split(".")[1] for name in imports(path) if name.startswith("lib.")}
    assert used <= allowed, f"{relative(path)} imports lib.{sorted(used - allowed)}"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_file_imports_a_star(path):
    """A reader must see where each name comes from."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    stars = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.names[0].name == "*"]
    assert not stars


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_file_holds_more_than_one_job(path):
    """Over 400 lines a file is two rooms in one."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_power_of_three_on_arrays(path):
    """x**3 on a float array takes two orders of magnitude longer than x*x*x."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    powers = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Pow)
        and isinstance(node.right, ast.Constant)
        and node.right.value == 3
        and not isinstance(node.left, ast.Constant)
    ]
    assert not powers


@pytest.mark.parametrize("path", NOTEBOOKS, ids=relative)
def test_notebooks_hold_no_outputs_and_short_cells(path):
    """Outputs stay out of git; no code cell has more than 25 lines and half have at most 8."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    lengths = sorted(len([line for line in cell["source"] if line.strip()]) for cell in code)
    assert lengths[-1] <= 25
    assert lengths[len(lengths) // 2] <= 8


@pytest.mark.parametrize("path", NOTEBOOKS, ids=relative)
def test_pictures_of_notebooks_exist_and_have_alt_text(path):
    """A picture that is missing, or that a screen reader cannot read, teaches nobody."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text)
    assert pictures
    for alt, target in pictures:
        assert len(alt.split()) >= 6, f"{target} needs alt text that says what it shows"
        assert (path.parent / target).is_file()


def test_only_the_readme_of_tool_made_folders_is_tracked():
    """What the tools make is not in git."""
    rooms = ("release", "submitted", "autograded", "feedback", "reports")
    done = subprocess.run(["git", "ls-files", *rooms], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    assert sorted(done.stdout.split()) == sorted(f"{room}/README.md" for room in rooms)


def test_no_file_names_a_registry_or_a_home():
    """A file that names a package registry or somebody's home folder works on one machine only."""
    pattern = re.compile(r"index-url|pypi\.org/simple|files\.pythonhosted|/home/\w+/|/root/")
    for path in [
        *SOURCES,
        *(ROOT / name for name in ("Makefile", "pyproject.toml", "requirements.lock", ".ci/run")),
    ]:
        assert not pattern.search(path.read_text(encoding="utf-8")), relative(path)
