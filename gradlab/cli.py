"""The command ``gradlab``: what an instructor or a grader types.

Whatever a person can put right ends in one sentence and exit code 1; only a mistake of ours shows a traceback.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from gradlab import nbgrader_log
from gradlab.course import Course
from gradlab.errors import GradlabError

app = typer.Typer(
    help="Release, grade and report the assignments of a gradlab course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False, soft_wrap=True)

Name = Annotated[str, typer.Argument(help="Name of the assignment, a folder of source/.", show_default=False)]
Force = Annotated[bool, typer.Option(help="Replace what is there; it stays if the new one fails.")]
Student = Annotated[str, typer.Option(help="Only this student; all of submitted/ by default.")]


@app.command("list")
def list_assignments() -> None:
    """List the assignments of this course."""
    from gradlab.assignment import load

    course = Course.find()
    for name in course.assignments():
        assignment = load(course, name)
        console.print(f"{name:20} {assignment.points:3g} points  {assignment.title}")


@app.command()
def release(
    assignment: Name,
    force: Force = False,
    gate: Annotated[
        bool, typer.Option(help="Run reference and stub against every exercise before releasing.")
    ] = True,
) -> None:
    """Make the students' version and its zip, after the gate: nothing leaks, the reference passes, the stub fails."""
    from gradlab.gate import run_gate
    from gradlab.release import release as make_release

    course = Course.find()
    made = make_release(course, assignment, force=force, gate=run_gate if gate else None)
    console.print(f"Released {assignment}, version {made.version}.")
    console.print(f"  folder  {course.relative(made.folder)}")
    console.print(f"  zip     {course.relative(made.zip)}")
    if not gate:
        console.print("  The gate was left out: nobody ran the reference against the checks.")


@app.command()
def grade(assignment: Name, student: Student = "*", force: Force = True) -> None:
    """Autograde with nbgrader, write feedback and PDF reports, and show the scores."""
    from gradlab import grading, scores

    course = Course.find()
    failed = grading.grade(course, assignment, student=student, force=force, say=console.print)
    scores.show_scores(course, assignment, console)
    if failed:
        msg = f"{len(failed)} submission(s) need attention: {', '.join(sorted(failed))}; the reasons stand above."
        raise GradlabError(msg)


@app.command()
def report(assignment: Name, student: Student = "*") -> None:
    """Write the PDF reports from the notebooks that autograde executed."""
    from gradlab import grading

    course = Course.find()
    for path in grading.make_reports(course, assignment, student=student):
        console.print(course.relative(path))


@app.command()
def demo(assignment: Annotated[str, typer.Argument(help="Name of the assignment.")] = "cnn_svhn") -> None:
    """Show the whole way on offline sample data: release, four submissions, grades, feedback and PDF reports."""
    from gradlab.demo import run_demo

    run_demo(Course.find(), assignment, console)


@app.command()
def targets(assignment: Name) -> None:
    """Train the reference network on the full real data and measure what it reaches."""
    from gradlab.targets import measure

    measure(Course.find(), assignment, console)


def main() -> None:
    """Run the command line; turn errors that a person can put right into one sentence."""
    try:
        # the library's errors are known only once a course is active; both kinds carry a finished sentence
        app(standalone_mode=False)
    except typer.Abort:
        sys.exit("Stopped.")
    except (GradlabError, OSError) as error:
        sys.exit(f"gradlab: {nbgrader_log.sentence(error)}")
    except KeyboardInterrupt:
        sys.exit("Stopped; what was finished stays.")
    except Exception as error:
        if type(error).__module__ == "lib.errors":
            sys.exit(f"gradlab: {error}")
        if hasattr(error, "format_message"):  # a wrong option or argument, in click's words
            sys.exit(f"gradlab: {error.format_message()}")
        raise


if __name__ == "__main__":
    main()
