"""Pieces of typst -> one PDF, whatever the pieces are.

Each piece lies in a file of its own, so that an error in one is an error in that one. The whole is compiled
at once; only when that fails are they halved until the guilty ones are found, which take a plainer form.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.errors import CourseError

WHOLE_SECONDS = 90.0
PIECE_SECONDS = 12.0
SEARCH_SECONDS = 60.0
PRELUDE = '#import "template.typ": *\n'


@dataclass
class Piece:
    """A part of the page in several forms, the best first; the last one is certain to compile.

    ``chosen`` is the form that is shown.
    """

    forms: Sequence[str]
    chosen: int = 0

    @property
    def code(self) -> str:
        """The form that is shown."""
        return self.forms[self.chosen]


class Typesetter:
    """Compile pieces in a folder that holds template.typ and the pictures."""

    def __init__(self, folder: Path, *, system_fonts: bool = False) -> None:
        self.folder = folder
        self.fonts = "system-fonts" if system_fonts else "own-fonts"
        self.deadline = time.monotonic() + SEARCH_SECONDS

    def typeset(self, opening: str, pieces: Sequence[Piece], output: Path) -> None:
        """Write the PDF; afterwards ``chosen`` of each piece tells which form it has.

        Parameters
        ----------
        opening : str
            Typst code before the first piece.
        pieces : sequence of Piece
        output : Path

        Raises
        ------
        CourseError
            If not even the plainest forms compile: a fault of the installation.
        """
        everything = list(range(len(pieces)))
        for index in everything:
            self._write(index, pieces[index])
        while not self._compiles(opening, everything, output, WHOLE_SECONDS):
            reason = self.reason
            open_ = [index for index in everything if pieces[index].chosen < len(pieces[index].forms) - 1]
            if not open_:
                msg = f"the report could not be typeset: {reason}"
                raise CourseError(msg)
            guilty = self._guilty(opening, open_)
            late = time.monotonic() > self.deadline
            if not guilty and not late:
                # each compiles and all together do not: give up the one with the most to compile
                guilty = [max(open_, key=lambda index: len(pieces[index].code))]
            for index in guilty or open_:
                pieces[index].chosen = len(pieces[index].forms) - 1 if late else pieces[index].chosen + 1
                self._write(index, pieces[index])

    def _guilty(self, opening: str, suspects: list[int]) -> list[int]:
        """Return which of these pieces do not compile; when time runs out, all that are not cleared."""
        if not suspects:
            return []
        if time.monotonic() > self.deadline:
            return suspects
        if self._compiles(opening, suspects, None, PIECE_SECONDS):
            return []
        if len(suspects) == 1:
            return suspects
        middle = len(suspects) // 2
        return self._guilty(opening, suspects[:middle]) + self._guilty(opening, suspects[middle:])

    def _write(self, index: int, piece: Piece) -> None:
        (self.folder / f"piece{index}.typ").write_text(PRELUDE + piece.code, encoding="utf-8", newline="\n")

    def _compiles(self, opening: str, indices: list[int], output: Path | None, seconds: float) -> bool:
        body = "\n\n".join(f'#include "piece{index}.typ"' for index in indices)
        main = self.folder / "main.typ"
        main.write_text(f"{PRELUDE}{opening}\n{body}\n", encoding="utf-8", newline="\n")
        worker = Path(__file__).with_name("compile_worker.py")
        command = [
            sys.executable,
            "-P",
            str(worker),
            str(self.folder),
            main.name,
            str(output or "-"),
            self.fonts,
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            self.reason = f"it took longer than {seconds:.0f} seconds"
            return False
        self.reason = (
            done.stderr.decode("utf-8", errors="replace").strip()[-600:] or f"exit code {done.returncode}"
        )
        return done.returncode == 0
