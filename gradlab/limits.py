"""How much of the machine a submission may take while it is graded: ``[limits]`` of assignment.toml."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from gradlab.errors import GradlabError

if TYPE_CHECKING:
    from gradlab.toml_table import Table

MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What strangers' code gets; each hit is reported to the student as what it was.

    Attributes
    ----------
    memory_mb : float
        Of all processes of a submission together.
    processes : float
        Processes and threads.
    file_mb, disk_mb : float
        Size of one file, and of all that is written.
    output_mb : float
        What the cells of a notebook may print and draw, together.
    cell_seconds, total_seconds : float
        One cell, which is interrupted then and followed by the next; all cells.
    """

    memory_mb: float = 4000
    processes: float = 256
    file_mb: float = 500
    disk_mb: float = 1000
    output_mb: float = 50
    cell_seconds: float = 120
    total_seconds: float = 900


#: What an assignment gets that says nothing.
DEFAULT = Limits()


def read(table: Table | None) -> Limits:
    """Read the table ``[limits]``; what it does not name is as in ``Limits``.

    Raises
    ------
    GradlabError
        If a limit is unknown, no number, or not positive.
    """
    if table is None:
        return DEFAULT
    found = {field.name: table.number(field.name, float(field.default)) for field in fields(Limits)}  # type: ignore[arg-type]
    table.close()
    for name, value in found.items():
        if not value > 0:
            msg = f"{table.where}: {name} = {value:g}, wanted a number above 0."
            raise GradlabError(msg)
    return Limits(**found)
