"""Things that only one may do at a time, beside other work."""

from __future__ import annotations

import threading
import time

import pytest

from gradlab.one_after_another import OneAfterAnother


def test_in_order_on_one_other_thread_and_all_at_the_end() -> None:
    """Whoever puts does not wait; leaving does."""
    done: list[str] = []
    threads: set[int] = set()
    go = threading.Event()

    def do(what: str) -> None:
        go.wait(10)
        done.append(what)
        threads.add(threading.get_ident())

    with OneAfterAnother(do) as queue:
        for what in "abc":
            queue.put(what)
        assert done == []
        go.set()
    assert done == ["a", "b", "c"]
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_an_error_comes_out_at_the_end_or_with_the_next() -> None:
    """A full disk is told at once, not when a class of hundreds has been run."""
    failed = threading.Event()

    def do(what: str) -> None:
        if what == "b":
            failed.set()
            msg = "no b"
            raise ValueError(msg)

    with pytest.raises(ValueError, match="no b"), OneAfterAnother(do) as queue:
        queue.put("b")
    failed.clear()
    with pytest.raises(ValueError, match="no b"), OneAfterAnother(do) as queue:
        queue.put("b")
        failed.wait(10)
        for _ in range(1000):
            queue.put("c")
            time.sleep(0.001)
        pytest.fail("nothing was told")


def test_what_has_not_begun_is_left_out_after_an_error() -> None:
    """Ctrl-C while a class runs: what is being done is finished, nothing else is begun."""
    done: list[str] = []
    begun, go = threading.Event(), threading.Event()

    def do(what: str) -> None:
        begun.set()
        go.wait(10)
        done.append(what)

    with pytest.raises(KeyboardInterrupt), OneAfterAnother(do) as queue:
        for what in "abc":
            queue.put(what)
        begun.wait(10)
        threading.Timer(0.2, go.set).start()
        raise KeyboardInterrupt
    assert done == ["a"]
