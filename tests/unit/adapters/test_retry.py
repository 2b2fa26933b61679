from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from adapters.retry import Limits, Retrier, Trouble, retry_after
from connector.errors import CrmAuthError, CrmTemporaryError

BUSY = Trouble("busy", status=503, code="SERVER_UNAVAILABLE")


class Vendor:
    """Gives prepared answers, one per call; counts calls, renewals and the pauses between them."""

    def __init__(self, *answers: str | Trouble | Exception, limits: Limits | None = None) -> None:
        self.answers = list(answers)
        self.calls = 0
        self.renewals = 0
        self.pauses: list[float] = []
        self.retrier = Retrier("salesforce", limits or Limits(), sleep=self.pauses.append)

    def send(self) -> str | Trouble:
        answer = self.answers[min(self.calls, len(self.answers) - 1)]
        self.calls += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    def judge(self, answer: str | Trouble | Exception) -> Trouble | None:
        if isinstance(answer, Trouble):
            return answer
        return Trouble("connection reset") if isinstance(answer, ConnectionError) else None

    def renew(self) -> None:
        self.renewals += 1

    def call(self, renew: Callable[[], None] | None = None) -> str | Trouble:
        return self.retrier.call("read accounts", self.send, self.judge, renew or self.renew)


def test_a_good_answer_needs_one_call() -> None:
    vendor = Vendor("fine")
    assert vendor.call() == "fine"
    assert (vendor.calls, vendor.pauses, vendor.renewals) == (1, [], 0)


def test_passing_trouble_is_tried_again_with_growing_pauses() -> None:
    vendor = Vendor(BUSY, ConnectionError(), BUSY, "fine")
    assert vendor.call() == "fine"
    assert vendor.calls == 4
    first, second, third = vendor.pauses
    assert 0.5 <= first <= 1.0
    assert 1.0 <= second <= 1.5
    assert 2.0 <= third <= 2.5


def test_retry_after_is_honoured() -> None:
    vendor = Vendor(Trouble("too fast", status=429, retry_after=7.0), "fine")
    assert vendor.call() == "fine"
    assert vendor.pauses == [7.0]


def test_attempts_end_in_a_temporary_error_that_says_what_was_tried() -> None:
    vendor = Vendor(BUSY, limits=Limits(attempts=3))
    with pytest.raises(CrmTemporaryError) as caught:
        vendor.call()
    assert vendor.calls == 3
    error = caught.value
    assert "read accounts" in str(error)
    assert "3 times" in str(error)
    assert "HTTP 503: busy" in str(error)
    assert (error.crm, error.operation, error.status, error.code) == (
        "salesforce",
        "read accounts",
        503,
        "SERVER_UNAVAILABLE",
    )


def test_a_pause_beyond_the_budget_is_not_waited_for() -> None:
    vendor = Vendor(Trouble("daily limit", status=429, retry_after=3_600.0), limits=Limits(seconds=60))
    with pytest.raises(CrmTemporaryError, match="in 3600 seconds") as caught:
        vendor.call()
    assert vendor.calls == 1
    assert vendor.pauses == []
    assert caught.value.retry_after == 3_600.0


def test_the_run_has_a_budget_of_its_own() -> None:
    vendor = Vendor(BUSY, "fine", BUSY, "fine", BUSY, "fine", limits=Limits(run_retries=2))
    assert vendor.call() == "fine"
    assert vendor.call() == "fine"
    with pytest.raises(CrmTemporaryError, match="once"):
        vendor.call()


def test_the_run_waits_only_so_long() -> None:
    slow = Trouble("busy", retry_after=10.0)
    vendor = Vendor(slow, "fine", slow, "fine", limits=Limits(run_seconds=15))
    assert vendor.call() == "fine"
    with pytest.raises(CrmTemporaryError):
        vendor.call()


def test_an_expired_token_is_renewed_once_and_at_once() -> None:
    vendor = Vendor(Trouble("expired", status=401, expired=True), "fine")
    assert vendor.call() == "fine"
    assert (vendor.renewals, vendor.pauses) == (1, [])


def test_a_token_that_stays_expired_goes_back_to_the_adapter() -> None:
    expired = Trouble("expired", status=401, expired=True)
    vendor = Vendor(expired)
    assert vendor.call() == expired
    assert (vendor.calls, vendor.renewals) == (2, 1)


def test_trouble_after_a_renewal_is_tried_again_without_another_one() -> None:
    expired = Trouble("expired", expired=True)
    vendor = Vendor(expired, BUSY, "fine")
    assert vendor.call() == "fine"
    assert vendor.renewals == 1


def test_a_failed_renewal_ends_the_call() -> None:
    def refuse() -> None:
        raise CrmAuthError("revoked", crm="salesforce", operation="log in")

    vendor = Vendor(Trouble("expired", expired=True))
    with pytest.raises(CrmAuthError, match="revoked"):
        vendor.call(refuse)
    assert vendor.calls == 1


def test_a_final_exception_passes_unchanged() -> None:
    vendor = Vendor(ValueError("no JSON"))
    with pytest.raises(ValueError, match="no JSON"):
        vendor.call()
    assert vendor.calls == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("12", 12.0), ("0.5", 0.5), ("", None), ("soon", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)],
)
def test_retry_after_header(value: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": value}) == seconds


def test_retry_after_as_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    assert retry_after({"Retry-After": format_datetime(moment, usegmt=True)}) == pytest.approx(90, abs=2)


def test_rounds_of_work_wait_longer_and_longer_within_the_runs_budget() -> None:
    waits: list[float] = []
    limits = Limits(first_wait=1.0, longest_wait=3.0, run_seconds=9.0)
    retrier = Retrier("salesforce", limits, sleep=waits.append)
    assert [retrier.pause(number) for number in range(5)] == [True, True, True, True, False]
    assert waits == [1.0, 2.0, 3.0, 3.0]
    assert not Retrier("salesforce", Limits(run_retries=0), sleep=waits.append).pause(0)
