"""The one retry policy for both CRMs.

An adapter hands over a call and a judge, which says of every answer or exception whether it is final,
passing, or a sign of an expired token. What is passing is tried again after a growing, jittered pause (never
sooner than the CRM's ``Retry-After``) until the call's or the run's budget is used up; an expired token is
renewed once per call. Everything else goes back to the adapter as it came, which alone knows the vendor's
errors.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import tenacity

from connector.crm import VENDORS, CrmName
from connector.errors import CrmTemporaryError

T = TypeVar("T")

TEMPORARY_STATUSES = frozenset({408, 423, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""HTTP answers that both vendors, or the networks before them, give for passing trouble."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to try.

    Attributes:
        attempts: tries of one call, the first included.
        seconds: time that one call may take with all its tries; a try under way is not cut off.
        run_retries: repeated tries of all calls of a run together.
        run_seconds: time that a run may spend waiting between tries.
        first_wait: seconds before the second try, on average; each later pause is twice as long.
        longest_wait: upper bound of a pause that the CRM did not ask for.
    """

    attempts: int = 7
    seconds: float = 300.0
    run_retries: int = 1_000
    run_seconds: float = 3_600.0
    first_wait: float = 0.5
    longest_wait: float = 60.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """A judge's verdict on an answer or exception that is not final.

    Attributes:
        reason: what happened, in the vendor's words; never holds a secret.
        status: HTTP status, None where there was no answer.
        code: the vendor's own error code, if any.
        retry_after: seconds that the CRM asked us to wait.
        expired: the token is no longer good; renew it and try again at once.
    """

    reason: str
    status: int | None = None
    code: str | None = None
    retry_after: float | None = None
    expired: bool = False


class _PassingError(Exception):
    """Carries a verdict through tenacity; never leaves this module."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble


class Retrier:
    """Repeats the calls of one run within its budget. Safe to share between threads.

    Args:
        crm: whose calls these are.
        limits: how long to try.
        sleep: waits so many seconds; a stopping service passes one that can be cut short.
    """

    def __init__(
        self, crm: CrmName, limits: Limits | None = None, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.crm = crm
        self.limits = limits or Limits()
        self._sleep = sleep
        self._lock = threading.Lock()
        self._retries = 0
        self._waited = 0.0
        self._growing = tenacity.wait_exponential(
            multiplier=self.limits.first_wait, max=self.limits.longest_wait
        ) + tenacity.wait_random(0, self.limits.first_wait)

    def call(
        self,
        operation: str,
        send: Callable[[], T],
        judge: Callable[[T | Exception], Trouble | None],
        renew: Callable[[], None] | None = None,
        *,
        attempts: int | None = None,
    ) -> T:
        """Make a call, again where that helps.

        Args:
            operation: what is tried, in a person's words ("read opportunities").
            send: makes the call; it must be safe to repeat, and read the whole answer.
            judge: verdict on an answer or exception; None if it is final.
            renew: gets a new token; called at most once per call.
            attempts: fewer tries than the limits allow.

        Returns:
            The first final answer, or the one that a renewed token did not improve.

        Raises:
            CrmTemporaryError: the trouble outlasted the budget.
            Exception: a final exception of `send`, or one of `renew`, unchanged.
        """
        renewed = False

        def attempt() -> T:
            nonlocal renewed
            result: T | Exception
            try:
                result = send()
            except Exception as error:  # noqa: BLE001 - the judge decides, and final ones are raised again below
                result = error
            trouble = judge(result)
            if trouble is not None and trouble.expired:
                if renew is not None and not renewed:
                    renewed = True
                    renew()
                    return attempt()
                trouble = None
            if trouble is not None:
                raise _PassingError(trouble) from (result if isinstance(result, Exception) else None)
            if isinstance(result, Exception):
                raise result
            return result

        most = min(attempts or self.limits.attempts, self.limits.attempts)
        policy = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_PassingError),
            wait=self._pause,
            stop=lambda state: state.attempt_number >= most or self._enough(state),
            sleep=self._sleep,
            before_sleep=self._spend,
            reraise=True,
        )
        began = time.monotonic()
        try:
            return policy(attempt)
        except _PassingError as error:
            tried = int(policy.statistics.get("attempt_number", 1))
            raise self._gave_up(operation, error.trouble, tried, time.monotonic() - began) from error

    def pause(self, round: int) -> bool:  # noqa: A002
        """Wait before work of many calls goes another round; False, at once, if the run's budget is used up.

        The time that the work itself takes does not count.

        Args:
            round: how many there were; each pause is twice as long as the one before.
        """
        seconds = min(self.limits.first_wait * 2**round, self.limits.longest_wait)
        with self._lock:
            if self._retries >= self.limits.run_retries or self._waited + seconds > self.limits.run_seconds:
                return False
            self._retries += 1
            self._waited += seconds
        self._sleep(seconds)
        return True

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Seconds until the next try."""
        asked = _trouble(state).retry_after
        return float(self._growing(state)) if asked is None else asked

    def _enough(self, state: tenacity.RetryCallState) -> bool:
        """Whether to give up: another try would go beyond a budget. Waiting in vain is spared."""
        pause = state.upcoming_sleep
        if (state.seconds_since_start or 0.0) + pause > self.limits.seconds:
            return True
        with self._lock:
            return self._retries >= self.limits.run_retries or self._waited + pause > self.limits.run_seconds

    def _spend(self, state: tenacity.RetryCallState) -> None:
        with self._lock:
            self._retries += 1
            self._waited += state.upcoming_sleep

    def _gave_up(self, operation: str, trouble: Trouble, attempts: int, seconds: float) -> CrmTemporaryError:
        times = "once" if attempts == 1 else f"{attempts} times in {seconds:.0f} s"
        status = f"HTTP {trouble.status}: " if trouble.status else ""
        asked = trouble.retry_after
        later = "later" if asked is None else f"in {asked:.0f} seconds, as {VENDORS[self.crm]} asks"
        return CrmTemporaryError(
            f"{VENDORS[self.crm]} could not {operation}: tried {times}, the last answer was "
            f"{status}{trouble.reason}. This usually passes: run the command again {later}; "
            "if it stays, check the address in the configuration and the network.",
            crm=self.crm,
            operation=operation,
            status=trouble.status,
            code=trouble.code,
            retry_after=asked,
        )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a ``Retry-After`` header, which holds seconds or an HTTP date; None without a usable one.

    `headers` must ignore case in names or hold the usual spelling.
    """
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.replace(".", "", 1).isdecimal() and value.isascii():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _trouble(state: tenacity.RetryCallState) -> Trouble:
    error = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(error, _PassingError)
    return error.trouble
