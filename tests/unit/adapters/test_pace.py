from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.pace import Pace


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(clock.sleep, clock)


def test_nobody_waits_while_plenty_is_left(pace: Pace, clock: Clock) -> None:
    pace.learn(allowed=100, left=10, seconds=10)
    for _ in range(50):
        pace.keep()
    assert clock.slept == []


def test_calls_are_spread_when_they_run_low(pace: Pace, clock: Clock) -> None:
    pace.learn(allowed=100, left=9.999, seconds=10)
    pace.keep()
    pace.keep()
    pace.keep()
    assert clock.slept == pytest.approx([0.1, 0.1], rel=0.01)


def test_what_others_use_is_given_time_to_come_back(pace: Pace, clock: Clock) -> None:
    pace.learn(allowed=100, left=0, seconds=10)
    pace.keep()
    pace.keep()
    assert clock.slept == [0.2]
    pace.learn(allowed=100, left=80, seconds=10)
    pace.keep()  # its moment was taken before the good news
    pace.keep()
    pace.keep()
    assert clock.slept == [0.2, 0.2]


def test_a_pause_that_the_crm_asks_for_holds_everybody(pace: Pace, clock: Clock) -> None:
    pace.hold(3)
    pace.hold(1)  # a shorter one does not shorten it
    pace.keep()
    pace.keep("searches")
    assert clock.slept == [3.0]


def test_a_fixed_limit_lets_bursts_through_and_no_more(pace: Pace, clock: Clock) -> None:
    pace.fix("searches", 5, 1.0)
    for _ in range(11):
        pace.keep("searches")
    assert clock.slept == [1.0, 1.0]
    pace.keep()  # other calls are not concerned
    assert clock.slept == [1.0, 1.0]


@given(most=st.integers(1, 6), pauses=st.lists(st.floats(0, 2), min_size=1, max_size=40), gap=st.booleans())
def test_no_window_ever_holds_more_than_its_limit(most: int, pauses: list[float], gap: bool) -> None:
    clock = Clock()
    pace = Pace(clock.sleep, clock)
    pace.fix("", most, 1.0)
    if gap:
        pace.learn(allowed=20, left=0, seconds=1)
    started = []
    for pause in pauses:
        clock.now += pause
        pace.keep()
        started.append(clock.now)
    for first, later in zip(started, started[most:], strict=False):
        assert later - first >= 1.0 - 1e-9


def test_threads_share_one_budget() -> None:
    slept: list[float] = []
    lock = threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            slept.append(round(seconds, 6))

    pace = Pace(sleep, lambda: 0.0)
    pace.learn(allowed=10, left=0, seconds=10)
    threads = [threading.Thread(target=pace.keep) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(slept) == [2.0 * number for number in range(1, 8)]  # each has a moment of its own
