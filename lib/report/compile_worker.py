"""Compile one typst file in a process of its own, so that nothing in it can hang or end the report.

    python compile_worker.py FOLDER MAIN OUTPUT system-fonts|own-fonts

Exit code 0: compiled (OUTPUT may be "-", then nothing is written). 1: an error, told on stderr. It imports
nothing of the course: it is started by its path.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

MEMORY = 3 << 30


def main(folder: str, name: str, output: str, fonts: str) -> int:
    """Compile FOLDER/MAIN with FOLDER as the only place that may be read."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import typst

    compiler = typst.Compiler(
        input=os.path.join(folder, name),  # noqa: PTH118 - typst wants a text
        root=folder,
        ignore_system_fonts=fonts != "system-fonts",
        package_path=os.path.join(folder, "no-packages"),  # noqa: PTH118
        package_cache_path=os.path.join(folder, "no-packages"),  # noqa: PTH118
    )
    try:
        data = compiler.compile(format="pdf", timestamp=0)
    except RuntimeError as error:
        sys.stderr.write(str(error)[:2000])
        return 1
    if output != "-":
        Path(output).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
