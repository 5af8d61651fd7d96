"""The configuration of this course, for every ``nbgrader …`` command and the Formgrader page.

What it sets is in gradlab/nbgrader_release.py (generate_assignment, generate_solution, validate), gradlab/nbgrader_autograde.py
(autograde), gradlab/intake.py (zip_collect) and gradlab/late_days.py (late submissions). Settings of your own go into
nbgrader_local.py beside this file, in the same form (``c = get_config()`` first): an error there stops nbgrader, where one
in here would leave it with no settings at all.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

c = get_config()
try:
    from gradlab import intake, late_days, nbgrader_autograde, nbgrader_release
    from gradlab.course import Course

    course = Course(ROOT)
    course.activate()
    nbgrader_release.configure(c, course)
    nbgrader_autograde.configure(c, course)
    intake.configure(c, course)
    late_days.configure(c, course)
    if (ROOT / "nbgrader_local.py").is_file():
        load_subconfig("nbgrader_local.py", path=str(ROOT))
except Exception as error:
    # nbgrader would log the error and go on with its own settings: unchecked releases, grades nobody judged
    sys.exit(
        f"nbgrader_config.py cannot be loaded ({type(error).__name__}: {error}). "
        "Run `make setup`, and nbgrader from its .venv."
    )
