"""Progress bars, and lines of text that do not tear them.

tqdm is read when the first bar is drawn: it takes longer to import than all of this package.
"""

from __future__ import annotations


def progress_bar(**settings):
    """Make a bar; the settings are tqdm's."""
    from tqdm import tqdm

    return tqdm(**settings)


def say(line):
    """Print a line above the bars that are running."""
    from tqdm import tqdm

    tqdm.write(line)
