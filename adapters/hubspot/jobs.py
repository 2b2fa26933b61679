"""Jobs of HubSpot's own: how to wait for one, and what becomes of an import that a killed run has left."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from adapters.hubspot.errors import Refused
from adapters.hubspot.http import Portal
from connector.crm import Job, JobLog
from connector.errors import CrmTemporaryError

T = TypeVar("T")

_log = logging.getLogger(__name__)

POLL_SECONDS = 5.0
JOB_SECONDS = 7_200.0
_EARLY = (0.1, 1.0, 3.9)
"""A job of moments is not waited for as long as one of minutes; later on there is one poll every five seconds."""

KIND = "hubspot import"
ENDED = frozenset({"DONE", "FAILED", "CANCELED", "REVERTED"})
_OPERATION = "look at an import of an earlier run"
_PATIENCE = 600.0
"""Seconds without progress that an import of a killed run is given: what it writes need not be written again."""
_LAST_PATIENCE = 120.0
_PAGES = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait for a job.

    Attributes:
        poll: seconds between two polls.
        longest: seconds without any progress after which a job is given up.
        sleep: waits so many seconds.
    """

    poll: float = POLL_SECONDS
    longest: float = JOB_SECONDS
    sleep: Callable[[float], None] = time.sleep

    def finished(
        self, look: Callable[[], T], done: Callable[[T], bool], progress: Callable[[T], object] = bool
    ) -> T | None:
        """Look at a job until it is done.

        Args:
            look: how far it is.
            done: whether that is its end.
            progress: changes as long as the job gets on.

        Returns:
            Its end; None if it had its time.
        """
        seen: object = None
        deadline = 0.0
        for pause in itertools.chain(_EARLY, itertools.repeat(self.poll)):
            self.sleep(min(pause, self.poll))
            state = look()
            if done(state):
                return state
            moved = progress(state)
            if moved != seen:
                seen, deadline = moved, time.monotonic() + self.longest
            elif time.monotonic() > deadline:
                return None
        raise AssertionError


def find(portal: Portal, name: str) -> Mapping[str, Any] | None:
    """The import of that name, among the latest ones; None if there is none."""
    query = [("limit", "100")]
    for _ in range(_PAGES):
        page = portal.request("list imports", "GET", portal.paths.imports, query=query, expect="results")
        for each in page["results"]:
            if each.get("importName") == name:
                found: Mapping[str, Any] = each
                return found
        after = ((page.get("paging") or {}).get("next") or {}).get("after")
        if after is None:
            return None
        query = [("limit", "100"), ("after", str(after))]
    return None


def finished(portal: Portal, import_id: str, waiting: Waiting) -> Mapping[str, Any] | None:
    """The end of an import; None if it gets nowhere. One that HubSpot does not know has ended without a state."""

    def progress(answer: Mapping[str, Any]) -> object:
        return answer.get("state"), (answer.get("metadata") or {}).get("counters")

    return waiting.finished(
        lambda: _get(portal, import_id), lambda answer: answer.get("state") in (None, *ENDED), progress
    )


def _get(portal: Portal, import_id: str) -> Mapping[str, Any]:
    """How far an import is; empty if HubSpot does not know it."""
    try:
        answer: Mapping[str, Any] = portal.attempt(
            "look at an import", "GET", portal.paths.single_import(import_id), expect="state"
        )
    except Refused as refused:
        if refused.status == 404:
            return {}
        raise portal.translator.translate(refused, "look at an import") from refused
    return answer


def settle(portal: Portal, jobs: JobLog, waiting: Waiting) -> None:
    """Wait for every import that is kept as open, or give it up; see `connector.crm.Crm.settle`."""
    for job in jobs.left_open():
        if job.kind != KIND:
            continue
        _settle(portal, job, waiting)
        jobs.ended(job.id)


def _settle(portal: Portal, job: Job, waiting: Waiting) -> None:
    import_id = job.detail or str((find(portal, job.id) or {}).get("id") or "")
    if not import_id:
        return  # its upload never arrived
    _log.info("HubSpot import %s of an earlier run is waited for", import_id)
    if finished(portal, import_id, replace(waiting, longest=_PATIENCE)) is not None:
        return
    try:
        portal.attempt(_OPERATION, "POST", portal.paths.cancel_import(import_id))
    except Refused as refused:
        _log.warning("HubSpot import %s cannot be cancelled: %s", import_id, refused.words)
    if finished(portal, import_id, replace(waiting, longest=_LAST_PATIENCE)) is None:
        raise CrmTemporaryError(
            f"HubSpot is still working on the import {import_id} of an earlier run, which cannot be cancelled: "
            f"nothing is written before it has ended. Look at CRM > Imports, and run the command again.",
            crm="hubspot",
            operation=_OPERATION,
        )
