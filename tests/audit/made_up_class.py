"""A gradebook of a made-up class, with verdicts and a table, as grading would have written them."""

from __future__ import annotations

import json
import random
from pathlib import Path

from nbformat.v4 import new_notebook
from nbgrader.api import Gradebook

from gradlab import assignment as assignments
from gradlab.course import Course
from gradlab.gradebook import find_alembic

REASONS = {
    "conv_backward": (
        "{n} of 21 criteria met. case 1 (input ({n}, 6, 6, 3), kernel 3, stride 1, padding 0): dimg: this is what comes out when each "
        "window overwrites those before it, but windows overlap. Add (+=) instead of assigning (=). dimg: {n}2 of 216 entries "
        "differ, worst at [1, 2, {n}, 0]: got 0.{n}879, wanted -14.2813."
    ),
    "pool_backward": "{n} of 6 criteria met. case 2 (input (2, 7, 7, 3), pool 3, stride 2): dimg has shape (2, 7, 7, {n}), wanted (2, 7, 7, 3).",
    "training": "accuracy {n}.5% on 2000 held-back drawn SAMPLE images; points from 50%, all at 88%",
}


def make(root: Path, num: int, seed: int = 1) -> tuple[Course, assignments.Assignment]:
    """Write ``num`` students of cnn_svhn into the gradebook of a course, which must hold source/, lib/ and exercises/.

    Their skills differ; an item that is harder is earned by fewer; the output size is earned by chance.
    """
    course = Course(root)
    assignment = assignments.load(course, "cnn_svhn")
    draw = random.Random(seed)
    find_alembic()
    rows = ["id,total,late_hours,status,seconds"]
    with Gradebook(f"sqlite:///{course.gradebook}") as book:
        book.add_assignment("cnn_svhn")
        book.add_notebook("cnn_svhn", "cnn_svhn")
        for exercise in assignment.exercises:
            book.add_grade_cell(
                exercise.name, "cnn_svhn", "cnn_svhn", max_score=exercise.points, cell_type="code"
            )
        for number in range(num):
            student, skill, verdicts, total = f"student-{number:03}", draw.gauss(0.6, 0.9), {}, 0.0
            book.add_student(student)
            book.add_submission("cnn_svhn", student)
            for place, exercise in enumerate(assignment.exercises):
                grade = book.find_grade(exercise.name, "cnn_svhn", "cnn_svhn", student)
                if exercise.graded == "manual":
                    if number % 3:
                        grade.manual_score = round(exercise.points * min(1, max(0, 0.6 + 0.2 * skill)))
                    grade.needs_manual_grade = number % 3 == 0
                    continue
                luck = draw.gauss(0, 0.5)
                share = min(1.0, max(0.0, 1.4 + (skill if place else 0) - 0.17 * place + luck))
                points = round(share * exercise.points, 2)
                grade.auto_score, total = points, total + points
                if points < exercise.points:
                    said = REASONS.get(exercise.name, "not written yet: {n} in lib/cnn/layer_utils.py")
                    accuracy = 50 + int(share * 38)
                    reason = said.format(n=accuracy if exercise.name == "training" else 1 + number % 8)
                else:
                    reason = (
                        "accuracy 91.0% on 2000 held-back drawn SAMPLE images"
                        if exercise.name == "training"
                        else "all criteria met"
                    )
                verdicts[exercise.name] = {"points": points, "max_points": exercise.points, "reason": reason}
            folder = course.autograded / student / "cnn_svhn"
            folder.mkdir(parents=True)
            notebook = new_notebook(metadata={"gradlab": {"verdicts": verdicts}})
            (folder / "cnn_svhn.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
            status = f"{student}: not judged: training" if number == 4 else "graded"
            rows.append(
                f"{student},{total:g},{'5.00' if number == 7 else ''},{status},{20 + abs(draw.gauss(15, 9)):.1f}"
            )
        book.db.commit()
    course.reports.mkdir(exist_ok=True)
    (course.reports / "cnn_svhn_grades.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return course, assignment
