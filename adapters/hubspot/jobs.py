"""Jobs of HubSpot's own: how to wait for one, and what becomes of an import that a killed run has left."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.hubspot.errors import Refused
from adapters.hubspot.http import Portal
from connector.crm import Job, JobLog
from connector.errors import CrmTemporaryError

_log = logging.getLogger(__name__)

POLL_SECONDS = 5.0
JOB_SECONDS = 3_600.0
_EARLY = (0.1, 1.0, 3.9)
"""A job of moments is not waited for as long as one of minutes; later on there is one poll every five seconds."""

KIND = "hubspot import"
ENDED = frozenset({"DONE", "FAILED", "CANCELED", "REVERTED"})
_OPERATION = "look at an import of an earlier run"
_PATIENCE = 600.0
"""Seconds that an import of a killed run gets to end by itself: what it writes need not be written again."""
_LAST_PATIENCE = 120.0
_PAGES = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait for a job.

    Attributes:
        poll: seconds between two polls.
        longest: seconds after which a job is given up.
        sleep: waits so many seconds.
    """

    poll: float = POLL_SECONDS
    longest: float = JOB_SECONDS
    sleep: Callable[[float], None] = time.sleep

    def polls(self) -> Iterator[None]:
        """One item per poll, after the pause before it; ends when the job has had its time."""
        deadline = time.monotonic() + self.longest
        for pause in itertools.chain(_EARLY, itertools.repeat(self.poll)):
            self.sleep(min(pause, self.poll))
            yield
            if time.monotonic() > deadline:
                return


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


def get(portal: Portal, import_id: str) -> Mapping[str, Any] | None:
    """How far an import is; None if HubSpot does not know it."""
    try:
        answer: Mapping[str, Any] = portal.attempt(
            "look at an import", "GET", portal.paths.single_import(import_id), expect="state"
        )
    except Refused as refused:
        if refused.status == 404:
            return None
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
    if ended(portal, import_id, replace(waiting, longest=min(_PATIENCE, waiting.longest))):
        return
    try:
        portal.attempt(_OPERATION, "POST", portal.paths.cancel_import(import_id))
    except Refused as refused:
        _log.warning("HubSpot import %s cannot be cancelled: %s", import_id, refused.words)
    if not ended(portal, import_id, replace(waiting, longest=min(_LAST_PATIENCE, waiting.longest))):
        raise CrmTemporaryError(
            f"HubSpot is still working on the import {import_id} of an earlier run, which cannot be cancelled: "
            f"nothing is written before it has ended. Look at CRM > Imports, and run the command again.",
            crm="hubspot",
            operation=_OPERATION,
        )


def ended(portal: Portal, import_id: str, waiting: Waiting) -> bool:
    """Wait for an import's end; whether it came."""
    for _ in waiting.polls():
        answer = get(portal, import_id)
        if answer is None or answer["state"] in ENDED:
            return True
    return False
