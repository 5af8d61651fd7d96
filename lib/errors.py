"""What the course library raises when it is used wrongly.

CourseError
├── ShapeError        an array has the wrong rank, shape or dtype         (also a ValueError)
├── CallOrderError    backward before forward, step before backward      (also a ValueError)
├── ConfigError       a setting outside its range, two layers of one name (also a ValueError)
├── ModelFileError    model.npz is missing, damaged or of another network (also a ValueError)
└── DatasetError      a data file is missing or damaged                   (also an OSError)

Every message names the thing, what came, what was wanted and what to do.
"""


class CourseError(Exception):
    """Base of all errors that the course library raises on purpose."""


class ShapeError(CourseError, ValueError):
    """An array has the wrong rank, shape or dtype."""


class CallOrderError(CourseError, ValueError):
    """A method was called before the one that it depends on."""


class ConfigError(CourseError, ValueError):
    """A setting is outside its range or contradicts another one."""


class ModelFileError(CourseError, ValueError):
    """A saved model is missing, damaged, or belongs to another network."""


class DatasetError(CourseError, OSError):
    """A data file is missing, damaged, or not what its name says."""
