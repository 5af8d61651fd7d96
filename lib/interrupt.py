"""Ctrl-C during a training: stop between two iterations, where nothing is half done."""

from __future__ import annotations

import signal
import threading


class InterruptBetweenIterations:
    """Context in which the first Ctrl-C only sets ``pending``; a second one raises KeyboardInterrupt at once.

    Nothing changes outside the main thread, or where somebody else handles the signal already: then
    KeyboardInterrupt comes as usual.
    """

    def __init__(self):
        self.pending = False
        self._replaced = False

    def __enter__(self):
        """Take over the signal; called when training starts."""
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._replaced = True
        return self

    def __exit__(self, *_):
        """Give the signal back."""
        if self._replaced:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, signum, frame):
        if self.pending:
            raise KeyboardInterrupt
        self.pending = True
