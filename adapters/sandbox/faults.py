"""Faults that can be switched on: by name, rate, seed and phase, for some requests or rows.

Transport faults are injected by the middleware for a whole request:

- ``throttle``       too many requests, in the vendor's shape (``Retry-After`` where the vendor sends one)
- ``unavailable``    503 in the vendor's shape
- ``expired_token``  the vendor's answer to an expired session; the bearer token of the request is revoked
- ``drop_before``    the connection is aborted before any work is done
- ``drop_after``     the work is done, then the connection is aborted instead of an answer
- ``drop_during``    headers and half of the body are sent, then the connection is aborted
- ``slow``           the answer waits `seconds`
- ``malformed_body`` the status is right, the body is cut in half
- ``empty_body``     the status is right, the body is missing
- ``html_error``     a gateway in front of the vendor answers with a page: 502, or `status`

Row and page faults are drawn by the CRM sides where they apply:

- ``row_lock``       a written row is refused with the vendor's lock error
- ``partial_batch``  a written row is refused by the CRM's own validation rules
- ``left_out``       a record of a batch is neither read or written nor in the answer, and no error says so (HubSpot)
- ``silent_loss``    a whole batch is answered 2xx with no results and no errors, and nothing is written (HubSpot)
- ``unprocessed``    a bulk job fails half-way and leaves the rest of its rows unprocessed
- ``too_many_locks`` a bulk job gives up over records that others hold, and leaves the rest unprocessed
- ``failed_job``     an asynchronous job fails before it has done anything
- ``stuck_job``      a poll finds that a job has not moved on
- ``short_page``     a page of a bulk result or list holds fewer rows than it announces
"""

from __future__ import annotations

import random
import re
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

from adapters.sandbox.phases import PHASES, Phase, PhaseTable

TRANSPORT_FAULTS = (
    "slow",
    "drop_before",
    "throttle",
    "unavailable",
    "expired_token",
    "html_error",
    "drop_after",
    "drop_during",
    "malformed_body",
    "empty_body",
)
ROW_FAULTS = (
    "row_lock",
    "partial_batch",
    "left_out",
    "silent_loss",
    "unprocessed",
    "too_many_locks",
    "failed_job",
    "stuck_job",
    "short_page",
)


class UnknownFaultError(ValueError):
    """A fault's settings make no sense; the text says what is possible."""


@dataclass(slots=True)
class Fault:
    """One fault that is switched on.

    Attributes:
        name: see above.
        rate: probability that a matching request (for row faults: a row or page) is hit, 0..1.
        seed: of the random draws; the same seed and order of requests give the same hits.
        crm: only requests to this CRM.
        method: only requests with this HTTP method.
        path: only paths in which this regular expression is found.
        phase: only requests of this phase, see `phases`.
        times: hit at most so often.
        after: let the first so many matching ones pass.
        seconds: how long ``slow`` waits, and the ``Retry-After`` of ``throttle`` and ``unavailable``.
        status: HTTP status of ``throttle``, ``unavailable`` and ``html_error``, where there are several.
        matched: how many requests or rows matched so far.
        hits: how many were hit so far.
    """

    name: str
    rate: float = 1.0
    seed: int = 1
    crm: str | None = None
    method: str | None = None
    path: str | None = None
    phase: str | None = None
    times: int | None = None
    after: int = 0
    seconds: float = 1.0
    status: int | None = None
    matched: int = 0
    hits: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)
    _pattern: re.Pattern[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UnknownFaultError: an unknown name or phase, a rate outside 0..1 or a bad pattern.
        """
        if self.name not in (*TRANSPORT_FAULTS, *ROW_FAULTS):
            raise UnknownFaultError(
                f"unknown fault {self.name!r}: use {', '.join(TRANSPORT_FAULTS + ROW_FAULTS)}"
            )
        if self.phase is not None and self.phase not in PHASES:
            raise UnknownFaultError(f"unknown phase {self.phase!r}: use {', '.join(PHASES)}")
        if not 0 <= self.rate <= 1:
            raise UnknownFaultError(f"rate {self.rate!r} is not between 0 and 1")
        try:
            self._pattern = re.compile(self.path) if self.path else None
        except re.error as error:
            raise UnknownFaultError(f"path {self.path!r} is no regular expression: {error}") from error
        self._random = random.Random(self.seed)

    def matches(self, crm: str, method: str, path: str, phase: str | None) -> bool:
        """Whether a request is one that this fault may hit."""
        return (
            self.crm in (None, crm)
            and self.phase in (None, phase)
            and (self.method is None or self.method.upper() == method.upper())
            and (self._pattern is None or self._pattern.search(path) is not None)
        )

    def draw(self) -> bool:
        """Count one match and decide whether it is hit. Not thread-safe: `Faults` holds the lock."""
        self.matched += 1
        if self.matched <= self.after or (self.times is not None and self.hits >= self.times):
            return False
        if self.rate < 1 and self._random.random() >= self.rate:
            return False
        self.hits += 1
        return True

    def as_dict(self) -> dict[str, Any]:
        """The settings and counters, for the control endpoint."""
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}


class Faults:
    """The faults that are switched on now."""

    def __init__(self) -> None:
        """Start with none."""
        self._faults: list[Fault] = []
        self._phases: dict[str, PhaseTable] = {}
        self._lock = threading.Lock()

    def know(self, crm: str, phases: PhaseTable) -> None:
        """Learn which paths of a CRM belong to which phase."""
        self._phases[crm] = phases

    def add(self, name: str, **settings: Any) -> Fault:  # noqa: ANN401 (the fields of Fault)
        """Switch a fault on; `settings` are the fields of `Fault`.

        Raises:
            UnknownFaultError: settings that make no sense.
        """
        allowed = {"rate", "seed", "crm", "method", "path", "phase", "times", "after", "seconds", "status"}
        if unknown := set(settings) - allowed:
            raise UnknownFaultError(
                f"unknown setting {', '.join(sorted(unknown))}: use {', '.join(sorted(allowed))}"
            )
        fault = Fault(name, **settings)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self, name: str | None = None) -> None:
        """Switch all faults off, or those of one name."""
        with self._lock:
            self._faults = [fault for fault in self._faults if name is not None and fault.name != name]

    def list(self) -> list[Fault]:
        """The faults that are switched on."""
        with self._lock:
            return list(self._faults)

    def draw(
        self, name: str, crm: str, method: str, path: str, *, phase: Phase | None = None
    ) -> Fault | None:
        """The fault of this name that hits this request, row or page; None if it is spared.

        `phase` is that of the request, unless given: rows of a job are written long after their upload.
        """
        if not self._faults:
            return None
        table = self._phases.get(crm)
        if phase is None and table is not None:
            phase = table.phase(method, path)
        with self._lock:
            for fault in self._faults:
                if fault.name == name and fault.matches(crm, method, path, phase) and fault.draw():
                    return fault
        return None
