"""Work that only one may do at a time, done beside other work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any


class OneAfterAnother:
    """A thread that does things in the order in which they come; a context that ends when all are done.

    Parameters
    ----------
    do : callable (str)
        What is done. An error of it is raised by the next ``put``, or at the end of the context.
    """

    def __init__(self, do: Callable[[str], Any]) -> None:
        self._do = do
        self._thread = ThreadPoolExecutor(1)
        self._asked: deque[Future] = deque()

    def put(self, what: str) -> None:
        """Let it be done when its turn comes."""
        while self._asked and self._asked[0].done():
            self._asked.popleft().result()
        self._asked.append(self._thread.submit(self._do, what))

    def __enter__(self) -> OneAfterAnother:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what was put; after an error, for no more than what is being done."""
        try:
            if error is None:
                for asked in self._asked:
                    asked.result()
        finally:
            self._thread.shutdown(cancel_futures=True)
