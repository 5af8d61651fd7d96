"""The command ``gradlab``: what an instructor or a grader types.

Whatever a person can put right ends in one sentence and exit code 1; only a mistake of ours shows a traceback.
Each command finds its course before it imports anything else: the tools need that course's ``lib`` and ``exercises``.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gradlab import nbgrader_log
from gradlab.course import Course
from gradlab.errors import GradlabError, MachineFull

app = typer.Typer(
    help="Release, grade and report the assignments of a gradlab course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False, soft_wrap=True)

Name = Annotated[str, typer.Argument(help="Name of the assignment, a folder of source/.", show_default=False)]
Force = Annotated[bool, typer.Option(help="Replace what is there; it stays if the new one fails.")]
Regrade = Annotated[bool, typer.Option(help="Grade again what is graded already; scores given by hand stay.")]
Student = Annotated[str, typer.Option(help="Only this student; all of submitted/ by default.")]


def _say(text: str) -> None:
    """Print a line as it is: what students name their files is no markup, and moves no cursor."""
    console.print("".join(c if c.isprintable() or c == "\n" else "?" for c in text), markup=False)


@app.command("list")
def list_assignments() -> None:
    """List the assignments of this course."""
    course = Course.find()
    from gradlab.assignment import load

    for name in course.assignments():
        assignment = load(course, name)
        console.print(
            f"{name:20} {assignment.points:3g} points, {assignment.minutes / 60:.3g} hours  {assignment.title}"
        )


@app.command()
def release(
    assignment: Name,
    force: Force = False,
    gate: Annotated[
        bool, typer.Option(help="Run reference and stub against every exercise before releasing.")
    ] = True,
) -> None:
    """Make the students' version and its zip, after the gate: nothing leaks, the reference passes, the stub fails."""
    course = Course.find()
    from gradlab.gate import run_gate
    from gradlab.release import release as make_release

    behaves = functools.partial(run_gate, say=_say) if gate else None
    made = make_release(course, assignment, force=force, gate=behaves)
    console.print(f"Released {assignment}, version {made.version}.")
    console.print(f"  folder  {course.relative(made.folder)}")
    console.print(f"  zip     {course.relative(made.zip)}")
    if not gate:
        console.print("  The gate was left out: nobody ran the reference against the checks.")


@app.command()
def grade(
    assignment: Name,
    student: Student = "*",
    force: Regrade = True,
    workers: Annotated[
        int, typer.Option(help="Processes that run submissions; 0: one for each processor.")
    ] = 0,
    scheduler: Annotated[
        str, typer.Option(help="Dask scheduler whose workers run them, tcp://host:8786.")
    ] = "",
    rerun_failed: Annotated[
        bool, typer.Option(help="Only those who needed attention the last time.")
    ] = False,
) -> None:
    """Run submissions in the sandbox, autograde with nbgrader, write feedback, PDF reports and a table."""
    course = Course.find()
    from gradlab import grading, progress, scores

    failed = grading.grade(
        course,
        assignment,
        student=student,
        force=force,
        say=_say,
        workers=workers,
        scheduler=scheduler,
        only_failed=rerun_failed,
        show=progress.bar(console),
    )
    scores.show_scores(course, assignment, console)
    if failed:
        msg = f"{len(failed)} submission(s) need attention: {', '.join(sorted(failed))}; the reasons stand above."
        raise GradlabError(msg)


@app.command()
def explain(
    student: Annotated[str, typer.Argument(help="Whose answer.", show_default=False)],
    item: Annotated[str, typer.Argument(help="Which exercise, e.g. conv_backward.", show_default=False)],
    assignment: Annotated[str, typer.Option(help="Needed where two assignments have such an exercise.")] = "",
) -> None:
    """Reproduce one verdict: the inputs that failed, what came, and what was wanted."""
    course = Course.find()
    from gradlab import explain as explaining

    path = explaining.explain(course, student, item, name=assignment, say=_say)
    if path:
        console.print(f"\nAll arrays: {course.relative(path)}")


@app.command()
def regrade(
    assignment: Name,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list whose score would change.")] = False,
    workers: Annotated[int, typer.Option(help="As for grade.")] = 0,
) -> None:
    """List whose score a change of the course changes and why; then grade again, unless it is a dry run."""
    course = Course.find()
    from gradlab import grading, regrade

    found, problems = regrade.changes(course, assignment, workers=workers, say=_say)
    regrade.show(found, problems, console)
    if dry_run:
        console.print("Nothing was written.")
    elif found:
        failed = grading.grade(course, assignment, say=_say, workers=workers)
        if failed:
            msg = f"{len(failed)} submission(s) need attention: {', '.join(sorted(failed))}."
            raise GradlabError(msg)


@app.command()
def supersede(
    assignment: Name,
    old: Annotated[str, typer.Argument(help="Version that students were given.", show_default=False)],
    new: Annotated[str, typer.Argument(help="Version to judge it by; the latest if left out.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Judge it by itself again.")] = False,
) -> None:
    """Judge submissions of an old release as those of a newer one; gradlab regrade then shows what that changes."""
    course = Course.find()
    from gradlab import store

    by = None if undo else new or store.latest(course, assignment)
    store.supersede(course, assignment, old, by)
    console.print(f"Submissions that answer version {old} are judged as version {by or old}.")


@app.command()
def report(
    assignment: Name,
    student: Student = "*",
    whole: Annotated[bool, typer.Option("--class", help="One page about the class instead.")] = False,
    names: Annotated[bool, typer.Option("--names", help="With --class: name students.")] = False,
) -> None:
    """Write the PDF reports from the notebooks that autograde executed; or a page about the class as a whole."""
    course = Course.find()
    from gradlab import grade_table, grading, papers
    from gradlab.assignment import load

    asked = load(course, assignment)
    if whole:
        from gradlab import class_page

        _say(f"Written: {course.relative(class_page.write(course, asked, names=names))}")
        return
    if asked.report is None:
        msg = f"source/{assignment}/assignment.toml asks for no report: it has no [report]."
        raise GradlabError(msg)
    students = grading.submissions(course, assignment, student)
    failed = papers.write(course, assignment, students, feedback=False, say=_say)
    grade_table.refresh(course, asked)  # points may have been given by hand since it was written
    if failed:
        msg = f"{len(failed)} of {len(students)} without a new report: {', '.join(failed)}; the reasons stand above."
        raise GradlabError(msg)


@app.command()
def audit(
    assignment: Name,
    sample: Annotated[int, typer.Option(help="How many submissions, picked at random; 0: all.")] = 10,
    seed: Annotated[int, typer.Option(help="The same seed picks the same submissions.")] = 0,
    student: Student = "*",
    retrain: Annotated[int, typer.Option(help="How many of them to train again, in the sandbox.")] = 0,
) -> None:
    """Compare PDFs with the plots of their notebooks; exit code 2 if a person has to look at something."""
    course = Course.find()
    from gradlab import audit_run

    looks, page = audit_run.run(
        course, assignment, sample=sample, seed=seed, student=student, retrained=retrain, say=_say
    )
    _say(f"{looks or 'Nothing'} to look at: {course.relative(page)}")
    if looks:
        raise SystemExit(2)


@app.command()
def demo(assignment: Annotated[str, typer.Argument(help="Name of the assignment.")] = "cnn_svhn") -> None:
    """Show the whole way on offline sample data: release, four submissions, grades, feedback and PDF reports."""
    course = Course.find()
    from gradlab.demo import run_demo

    run_demo(course, assignment, console)


@app.command()
def roster(
    file: Annotated[Path, typer.Argument(help="CSV of Canvas, Moodle or nbgrader.", show_default=False)],
) -> None:
    """Write the students of a table into the gradebook: Canvas's, Moodle's, or one with a column id."""
    course = Course.find()
    from gradlab.roster import import_roster

    done = import_roster(course, file)
    console.print(f"{done.kind}: {len(done.new)} new student(s), {len(done.known)} known.")
    if done.unlisted:
        _say(f"In the gradebook but not in {file.name}: {', '.join(done.unlisted)}.")


@app.command()
def export(
    assignment: Name,
    table: Annotated[Path, typer.Argument(help="What Canvas or Moodle exported.", show_default=False)],
    column: Annotated[str, typer.Option(help='Canvas: column to fill, "CNN on SVHN (123456)".')] = "",
    partial: Annotated[
        bool, typer.Option("--partial", help="Also the points so far of those who wait for a person.")
    ] = False,
) -> None:
    """Fill the table that Canvas or Moodle exported with the points of an assignment, ready to be uploaded."""
    course = Course.find()
    from gradlab import grade_table
    from gradlab.assignment import load
    from gradlab.lms_export import export as export_to

    asked = load(course, assignment)
    grade_table.refresh(course, asked)
    done = export_to(course, asked, table, column=column, partial=partial)
    _say(
        f"{done.kind}: {done.filled} student(s) in column {done.column!r}, written to {course.relative(done.path)}."
    )
    if done.waiting:
        what = (
            "their points so far are in the table" if partial else "their cells stay as they are (--partial)"
        )
        _say(f"Not all graded by hand yet, {what}: {', '.join(done.waiting)}.")
    if done.attention:
        _say(f"Could not be graded, so no points were written for: {', '.join(done.attention)}.")
    if done.unlisted:
        _say(f"With points, but not in {table.name}: {', '.join(done.unlisted)}.")


@app.command()
def doctor() -> None:
    """Attack this machine's sandbox from inside; say what holds, and what to install where nothing does."""
    course = Course.find()
    from gradlab import doctor as examination
    from gradlab import sandbox

    console.print(examination.about())
    tier = sandbox.tier()
    if tier == "none":
        why = sandbox.why_not()
        msg = f"no sandbox, so submissions are not graded here: {why}\n{examination.advice()}"
        raise GradlabError(msg)
    console.print(f"Sandbox: {tier}")
    findings = examination.examine(course)
    if torch := examination.torch_works():
        findings.append(torch)
    for finding in findings:
        _say(f"  {'held ' if finding.contained else 'BROKE'}  {finding.name}: {finding.seen}")
    broken = [finding.name for finding in findings if not finding.contained]
    if broken:
        msg = f"the sandbox does not hold ({', '.join(broken)}); grade nobody on this machine."
        raise GradlabError(msg)
    console.print("Submissions can be graded here.")


@app.command()
def mutants(
    family: Annotated[str, typer.Argument(help="Only this family of checks, e.g. cnn.")] = "",
    exercise: Annotated[str, typer.Argument(help="Only this exercise.")] = "",
) -> None:
    """Put wrong and right answers before every check and judge; write docs/mutants.md when all of them were run."""
    course = Course.find()
    from gradlab import mutant_runs

    outcomes = mutant_runs.run_all(course, family, exercise)
    if not outcomes:
        msg = f"no exercise answers to '{family} {exercise}'; the families are the folders of lib/check."
        raise GradlabError(msg)
    for outcome in outcomes:
        if outcome.problem:
            _say(f"{outcome.family} {outcome.exercise} {outcome.name}: {outcome.problem}")
    wrong = sum(not outcome.name.startswith("right_") for outcome in outcomes)
    console.print(f"{wrong} wrong and {len(outcomes) - wrong} right answers were put before check and judge.")
    if not family:
        path = course.root / "docs" / "mutants.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(mutant_runs.table(outcomes), encoding="utf-8")
        console.print(f"Written: {course.relative(path)}")
    surprises = sum(bool(outcome.problem) for outcome in outcomes)
    if surprises:
        msg = (
            f"{surprises} of {len(outcomes)} answers were not treated as they deserve; they are listed above."
        )
        raise GradlabError(msg)


@app.command()
def targets(assignment: Name) -> None:
    """Train the reference network on the full real data and measure what it reaches."""
    course = Course.find()
    from gradlab.targets import measure

    measure(course, assignment, console)


def main() -> None:
    """Run the command line; turn errors that a person can put right into one sentence."""
    try:
        # the library's errors are known only once a course is active; both kinds carry a finished sentence
        app(standalone_mode=False)
    except typer.Abort:
        sys.exit("Stopped.")
    except (GradlabError, MachineFull, OSError) as error:
        sys.exit(f"gradlab: {nbgrader_log.sentence(error)}")
    except KeyboardInterrupt:
        sys.exit("Stopped; what was finished stays.")
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] in (
            "lib",
            "exercises",
        ):
            missing = str(error.name).replace(".", "/")
            sys.exit(
                f"gradlab: {missing}.py is missing from the course; put it back (git checkout {missing}.py)."
            )
        if type(error).__module__ == "lib.errors":
            sys.exit(f"gradlab: {error}")
        if hasattr(error, "format_message"):  # a wrong option or argument, in click's words
            sys.exit(f"gradlab: {error.format_message()}")
        raise


if __name__ == "__main__":
    main()
