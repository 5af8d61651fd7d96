"""The configuration of this course, for every ``nbgrader …`` command and the Formgrader page.

What it sets is in gradlab/nbgrader_release.py (generate_assignment, generate_solution, validate) and in
gradlab/nbgrader_autograde.py (autograde). Settings of your own go below the last line.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

c = get_config()
try:
    from gradlab import nbgrader_autograde, nbgrader_release
    from gradlab.course import Course

    course = Course(ROOT)
    course.activate()
    nbgrader_release.configure(c, course)
    nbgrader_autograde.configure(c, course)
except Exception as error:
    # nbgrader would log the error and go on with its own settings: unchecked releases, grades nobody judged
    sys.exit(
        f"nbgrader_config.py cannot be loaded ({type(error).__name__}: {error}). "
        "Run `make setup`, and nbgrader from its .venv."
    )
