"""Exports: one job of HubSpot's own turns all records of an object into CSV files, in two calls and some polls.

HubSpot runs one export at a time, grants thirty in 24 hours, zips what is large, and hands out links that live
five minutes. Whoever reads can do without: `UnavailableError` says that the list has to serve instead.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.hubspot.errors import Refused
from adapters.hubspot.http import Portal, whole
from adapters.hubspot.jobs import Waiting
from adapters.hubspot.paths import TYPE_IDS
from adapters.hubspot.reading import Reading
from adapters.retry import Trouble
from connector.errors import CrmTemporaryError

_log = logging.getLogger(__name__)

OBJECT_ID = "hs_object_id"
_COMPANIES = TYPE_IDS["companies"]
_AUTHENTICATION = 401
_TOO_MANY = 429
_ROLLING = frozenset({"TEN_SECONDLY_ROLLING", "SECONDLY", "MINUTELY"})
_SHARE = 0.001
"""Share of its records that a file may lack: HubSpot need not count in the moment in which it writes."""


class UnavailableError(Exception):
    """An export that cannot be had now; the message is for people."""


def require_whole(announced: int | None, found: int) -> None:
    """Check that a file is not far from what HubSpot said of it.

    Raises:
        UnavailableError: records are missing.
    """
    if announced is not None and announced - found > _SHARE * announced:
        raise UnavailableError(f"it is to hold {announced:,} records, and its file holds {found:,}")


class Export:
    """One export.

    Args:
        portal: where to read.
        reading: which object and properties.
        waiting: how to wait for it.
    """

    def __init__(self, portal: Portal, reading: Reading, waiting: Waiting) -> None:
        self._portal = portal
        self._reading = reading
        self._waiting = waiting
        self._operation = f"export {reading.name}"
        self._link: str | None = None

    def fetch(self, target: Path) -> int | None:
        """Start the export, wait for it and download its file.

        Returns:
            How many records it holds, as HubSpot says; None if it does not say.

        Raises:
            UnavailableError: HubSpot does not grant it, gives it up, or takes too long.
            CrmError: HubSpot cannot be reached, or does not accept the token.
        """
        export_id = self._started()
        path = self._portal.paths.export_status(export_id)
        if not self._waiting.finished(lambda: self._complete(path), bool):
            raise UnavailableError(f"it is not finished after {self._waiting.longest / 60:.0f} minutes")

        announced = self._announced(export_id)

        def link() -> str:
            """The link that came with the last poll; another poll gives a new one."""
            if self._link is None and not self._complete(path):
                raise UnavailableError("HubSpot no longer gives a link to it")
            link, self._link = self._link, None
            return str(link)

        try:
            self._portal.download(self._operation, link, target)
        except (Refused, CrmTemporaryError) as error:
            raise UnavailableError(f"its file cannot be downloaded: {error}") from error
        return announced

    def _announced(self, export_id: str) -> int | None:
        """How many records the export holds; without an answer its file is taken as it is."""
        try:
            answer = self._portal.attempt(
                self._operation, "GET", self._portal.paths.single_export(export_id), expect="id"
            )
        except (Refused, CrmTemporaryError) as error:
            _log.debug("HubSpot does not say how many records export %s holds: %s", export_id, error)
            return None
        count = answer.get("recordCount")
        return count if isinstance(count, int) else None

    def _started(self) -> str:
        """Id of the export."""
        session = self._portal.session
        path, body = self._portal.paths.exports, self._body()
        try:
            answer = self._portal.call(
                self._operation,
                lambda token: whole(session.send("POST", path, token=token, body=body), "id"),
                self._judge,
            )
        except Refused as refused:
            raise self._refusal(refused) from refused
        _log.info("HubSpot export %s of %s started", answer["id"], self._reading.name)
        return str(answer["id"])

    def _complete(self, path: str) -> bool:
        """Ask how far the export is, and keep the link that comes with its end."""
        try:
            answer = self._portal.attempt(self._operation, "GET", path, expect="status")
        except Refused as refused:
            raise self._refusal(refused) from refused
        status = str(answer["status"])
        if status == "CANCELED" or answer.get("numErrors"):
            words = "; ".join(str(error.get("message")) for error in answer.get("errors") or ())
            words = self._portal.translator.clean(words or f"the export ended as {status}")
            raise UnavailableError(f"HubSpot could not finish it: {words}")
        if status == "COMPLETE":
            self._link = str(answer["result"]) if answer.get("result") else None
            if self._link is None:
                raise UnavailableError("HubSpot says that it is complete and gives no link to it")
            return True
        return False

    def _judge(self, outcome: object) -> Trouble | None:
        """HubSpot's verdict, but an allowance of exports that is used up does not come back within a run."""
        if isinstance(outcome, Refused) and outcome.status == _TOO_MANY:
            rolling = str(outcome.body.get("policyName", "")) in _ROLLING
            return self._portal.judge(outcome) if rolling else None
        return self._portal.judge(outcome)

    def _refusal(self, refused: Refused) -> Exception:
        if refused.status == _AUTHENTICATION:
            return self._portal.translator.translate(refused, self._operation)
        words = f"HubSpot says: {self._portal.translator.clean(refused.words)}"
        if refused.scopes:
            words = f"{self._portal.translator.missing_scopes(refused.scopes)}. {words}"
        return UnavailableError(words)

    def _body(self) -> dict[str, Any]:
        reading = self._reading
        linked = reading.company is not None
        body: dict[str, Any] = {
            "exportType": "VIEW",
            "format": "CSV",
            "exportName": f"kpm {reading.name}",
            "language": "EN",
            "objectType": TYPE_IDS.get(reading.name, reading.name),
            "objectProperties": _columns(reading),
            "exportInternalValuesOptions": ["NAMES", "VALUES"],
            "overrideAssociatedObjectsPerDefinitionPerRowLimit": True,
        }
        if self._portal.paths.dated:
            # Numbered versions know one associated object, as a text, and neither of the switches.
            body["associatedObjectType"] = [_COMPANIES] if linked else []
            body["includeLabeledAssociations"] = linked
            body["includePrimaryDisplayPropertyForAssociatedObjects"] = False
        elif linked:
            body["associatedObjectType"] = _COMPANIES
        return body


def _columns(reading: Reading) -> Sequence[str]:
    return list(dict.fromkeys((OBJECT_ID, *reading.properties)))
