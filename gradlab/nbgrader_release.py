"""The releasing half of nbgrader's configuration: plain ``nbgrader generate_assignment`` is safe here.

nbgrader copies source/<assignment>, runs the preprocessors over the notebook, writes it, sets permissions.
It removes the release if a preprocessor raises, but swallows what a hook raises; so everything that must not
fail silently is a preprocessor, and the one hook below removes the release itself.

    PlaceLib            first: lib without answers, packages, data registry; refuses what must not be released
    …
    NameStubs           in the place of ClearSolutions: the same, with the name of the region in the stub
    …
    SaveCellsFailClosed in the place of SaveCells: the gradebook asks for a kernel that only our Execute has
    …
    Provenance          the version into notebook and release.json
    LeakGate            last: look at the whole release, and keep a copy of it
"""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import json
import os
import shutil
from pathlib import Path
from typing import Any

from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateAssignment, GenerateSolution
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor, SaveCells
from traitlets import Bool

from gradlab import assemble, leaks, lock, nbgrader_log, regions, store
from gradlab import manifest as manifests
from gradlab.assignment import Assignment, load
from gradlab.course import Course
from gradlab.errors import GradlabError, ReleaseRefused
from gradlab.gradebook import find_alembic

KERNEL = {"display_name": "gradlab", "language": "python", "name": "gradlab"}
STUDENT_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# what JupyterLab, papermill and timers note down at a run
RUN_METADATA = ("widgets", "papermill", "execution", "ExecuteTime", "signature")


class Step(NbGraderPreprocessor):
    """A preprocessor that knows course and assignment, and leaves no half-made folder when it fails."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Do the step; on any error remove the folder first, then let nbgrader know.

        nbgrader calls it, once per notebook. With ``--notebook`` nbgrader itself would leave the other files.
        """
        course = Course(_converter(self).coursedir.root)
        dest = _dest(self, resources)
        try:
            return self.step(nb, resources, course, load(course, resources["nbgrader"]["assignment"]), dest)
        except BaseException:
            shutil.rmtree(dest, ignore_errors=True)
            raise

    def step(
        self, nb: Any, resources: Any, course: Course, assignment: Assignment, dest: Path
    ) -> tuple[Any, Any]:
        """Do what the class is for. ``dest`` is the folder that nbgrader fills."""
        raise NotImplementedError


class PlaceLib(Step):
    """Lay out everything but the notebook, and remove what nbgrader copied and students do not get."""

    def step(
        self, nb: Any, resources: Any, course: Course, assignment: Assignment, dest: Path
    ) -> tuple[Any, Any]:
        """Write the files of the release."""
        paths = assemble.assemble(course, assignment, dest)
        for path in assemble.prune(dest, paths):
            self.log.info("Left out of the release: %s", path)
        return nb, resources


class NameStubs(ClearSolutions):
    """ClearSolutions, with the region's name in the stub and with markers that cannot fail silently."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Note the notebook's name, which stands in the stubs."""
        self._filename = resources["nbgrader"]["notebook"] + ".ipynb"
        return super().preprocess(nb, resources)

    def _replace_solution_region(self, cell: Any, language: str) -> bool:
        """Replace the regions of a cell, or the whole of a solution cell without one; tell whether it did."""
        found = regions.find_regions(cell.source, self._filename)
        if cell.cell_type != "code":
            cell.source = regions.strip(cell.source, filename=self._filename, text_stub=self.text_stub)
            return bool(found)
        if found:
            cell.source = regions.strip(cell.source, filename=self._filename)
            return True
        if utils.is_solution(cell):
            cell.source = regions.stub_code(cell.metadata.nbgrader["grade_id"], self._filename)
            return True
        return False


class SaveCellsFailClosed(SaveCells):
    """SaveCells, with a kernel in the gradebook that does not exist.

    nbgrader puts the gradebook's kernel into each submission before it runs it. Under a configuration
    without our Execute that run fails, instead of giving full marks for cells that nobody judged. Students'
    notebooks keep their own kernel.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Save the cells under the other kernel."""
        before = nb.metadata.get("kernelspec")
        nb.metadata["kernelspec"] = dict(KERNEL)
        try:
            nb, resources = super().preprocess(nb, resources)
            self._renew_kernel()
        finally:
            nb.metadata.pop("kernelspec")
            if before is not None:
                nb.metadata["kernelspec"] = before
        return nb, resources

    def _renew_kernel(self) -> None:
        """Write the kernel also where SaveCells does not: in a notebook that has submissions."""
        with Gradebook(self.db_url) as gradebook:
            saved = gradebook.find_notebook(self.notebook_id, self.assignment_id)
            saved.kernelspec = json.dumps(KERNEL)
            gradebook.db.commit()


class Provenance(Step):
    """Say in notebook and release.json which version this is, and forget the machine that made it."""

    def step(
        self, nb: Any, resources: Any, course: Course, assignment: Assignment, dest: Path
    ) -> tuple[Any, Any]:
        """Stamp the notebook, and write it as nbgrader will."""
        for metadata in (nb.metadata, *(cell.metadata for cell in nb.cells)):
            for key in RUN_METADATA:
                metadata.pop(key, None)
        nb.metadata["kernelspec"] = dict(STUDENT_KERNEL)
        nb.metadata.pop("gradlab", None)
        paths = [path for path in manifests.files_of(dest) if path != assignment.notebook]
        owners = assemble.owners(assignment, [*paths, assignment.notebook])
        text = manifests.notebook_text(nb)
        version = manifests.version_of(assignment.name, dest, owners, assignment.notebook, text)
        nb.metadata["gradlab"] = {"assignment": assignment.name, "version": version}
        text = manifests.notebook_text(nb)
        (dest / assignment.notebook).write_text(text, encoding="utf-8", newline="\n")
        manifests.write(dest, assignment.name, version, owners)
        return nb, resources


class LeakGate(Step):
    """Refuse a release that gives something away; keep a copy of one that does not."""

    keep = Bool(True, help="Whether to keep a copy in release/.versions.").tag(config=True)

    def step(
        self, nb: Any, resources: Any, course: Course, assignment: Assignment, dest: Path
    ) -> tuple[Any, Any]:
        """Look, refuse or keep."""
        found = leaks.scan(course, assignment, dest)
        expected = {*assemble.contents(course, assignment), assignment.notebook}
        found += [
            leaks.Leak("LEAK06", path, 0, "is not part of this release")
            for path in manifests.files_of(dest)
            if path not in expected
        ]
        for leak in found:
            self.log.error("%s", leak)
        if found:
            raise ReleaseRefused(assignment.name, found)
        if self.keep:
            store.keep(course, dest)
        return nb, resources


class PlaceSolvedLib(Step):
    """Lay out the solution folder with every answer, and run its notebook there instead of in source/."""

    def step(
        self, nb: Any, resources: Any, course: Course, assignment: Assignment, dest: Path
    ) -> tuple[Any, Any]:
        """Write the files, and tell Execute where the notebook is at home."""
        paths = assemble.assemble(course, assignment, dest, solved=True)
        assemble.prune(dest, paths)
        resources.setdefault("metadata", {})["path"] = str(dest)
        return nb, resources


class SolutionPasses(NbGraderPreprocessor):
    """Say which cells of the solution fail: nbgrader writes them and reports success."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Look at the outputs."""
        for number, cell in enumerate(nb.cells, 1):
            if cell.cell_type == "code" and utils.has_failed(cell):
                name = cell.metadata.get("nbgrader", {}).get("grade_id", "no grade id")
                self.log.error("the solution's cell %d (%s) fails; see it in the notebook.", number, name)
        return nb, resources


def finish(folder: Path) -> None:
    """Check that a release holds what its manifest says, and make its scripts executable again.

    nbgrader writes the notebook and sets all permissions to 644 after the last preprocessor. On any error the
    release is removed: this also runs as a hook, whose exceptions nbgrader swallows.
    """
    try:
        for path, problem in manifests.differences(folder, manifests.read(folder, folder.name)):
            msg = f"{folder.name}/{path} {problem}, so the release was removed."
            raise GradlabError(msg)
        for path in manifests.files_of(folder):
            (folder / path).chmod(assemble.mode_of(path))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _finish_hook(course: Course, *, assignment: str, student: str, notebooks: list[str]) -> None:
    """Finish a release made by nbgrader's own command; ``assignment`` may be a pattern, the paths are not."""
    finish(course.release / Path(notebooks[0]).resolve().parent.name)


def _one_at_a_time() -> None:
    """Let GenerateAssignment hold the locks of what it releases.

    A preprocessor would be too late: nbgrader removes the old release before it runs the first one, and the new
    one when it fails.
    """
    start = GenerateAssignment.start
    if getattr(start, "holds_locks", False):
        return

    @functools.wraps(start)
    def held(self: Any) -> None:
        course, wanted = Course(self.coursedir.root), self.coursedir.assignment_id
        with contextlib.ExitStack() as locks:
            try:
                for name in fnmatch.filter(course.assignments(), wanted):
                    what = f"nbgrader generate_assignment {name}"
                    locks.enter_context(lock.hold(course, f"release-{name}", what))
            except GradlabError as error:
                self.log.error("%s", error)
                raise NbGraderException(str(error)) from error
            start(self)

    held.holds_locks = True  # type: ignore[attr-defined]
    GenerateAssignment.start = held


def configure(c: Any, course: Course) -> None:
    """Set what ``nbgrader generate_assignment``, ``generate_solution`` and ``validate`` need in this course.

    Parameters
    ----------
    c : traitlets Config
        As ``get_config()`` returns it in nbgrader_config.py.
    course : Course
    """
    c.CourseDirectory.root = str(course.root)
    c.CourseDirectory.course_id = "gradlab"
    # only what is of no use anywhere: the list also decides what of a submission is graded
    c.CourseDirectory.ignore = [
        ".ipynb_checkpoints",
        "__pycache__",
        "*.pyc",
        "*.pyo",
        ".DS_Store",
        ".git",
        "feedback",
    ]

    _one_at_a_time()
    c.GenerateAssignment.preprocessors = [PlaceLib, *_release_steps(), Provenance, LeakGate]
    c.GenerateAssignment.post_convert_hook = functools.partial(_finish_hook, course)
    solution = list(GenerateSolution.class_traits()["preprocessors"].default())
    c.GenerateSolution.preprocessors = [PlaceSolvedLib, *solution, SolutionPasses]

    c.Execute.timeout = 3600  # of a cell: a solution or a master that is validated may train
    c.Execute.shutdown_kernel = "immediate"  # graceful waits most of a second for nothing

    # the kernels of validate and generate_solution find lib and the data sets through these
    entries = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if str(course.root) not in entries:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(course.root), *entries])
    os.environ.setdefault("GRADLAB_DATA", str(course.data))
    find_alembic()
    nbgrader_log.install()


def _release_steps() -> list[type]:
    """Return nbgrader's own list with two of its classes replaced by ours."""
    ours = {ClearSolutions: NameStubs, SaveCells: SaveCellsFailClosed}
    steps = list(GenerateAssignment.class_traits()["preprocessors"].default())
    missing = [step.__name__ for step in ours if step not in steps]
    if missing:
        msg = f"this nbgrader does not use {missing[0]}; install the version that pyproject.toml asks for."
        raise GradlabError(msg)
    return [ours.get(step, step) for step in steps]


def _converter(step: Any) -> Any:
    """Return the converter that a preprocessor belongs to: its parent's parent."""
    while step is not None and not hasattr(step, "_format_dest"):
        step = step.parent
    return step


def _dest(step: Any, resources: Any) -> Path:
    names = resources["nbgrader"]
    return Path(os.path.normpath(_converter(step)._format_dest(names["assignment"], names["student"])))
