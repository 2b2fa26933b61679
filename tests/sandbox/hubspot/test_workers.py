"""Background jobs: one job's fault is told, and the next one still runs."""

from __future__ import annotations

import threading

import pytest

from adapters.sandbox.hubspot.behaviour import Behaviour
from adapters.sandbox.hubspot.workers import StoppedError, Workers


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_faulty_job_does_not_take_its_thread_along() -> None:
    done = threading.Event()
    workers = Workers("test", 1, Behaviour())

    def faulty() -> None:
        raise ArithmeticError

    def stopped() -> None:
        raise StoppedError

    for work in (faulty, stopped, done.set):
        workers.submit(work)
    assert done.wait(10)
    workers.close()


def test_closing_ends_a_job_that_waits_and_starts_no_other() -> None:
    begun, other = threading.Event(), threading.Event()
    workers = Workers("test", 1, Behaviour(jobs_held=True))

    def waiting() -> None:
        begun.set()
        workers.begin(lambda: False)

    workers.submit(waiting)
    workers.submit(other.set)
    assert begun.wait(10)
    workers.close()
    assert not other.is_set()
