"""Changes on their way to HubSpot, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from adapters.hubspot.errors import RETRIED_ROW_CODES
from connector.crm import ID, RESULT_SCHEMA


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change; see `connector.crm.RESULT_SCHEMA`."""

    outcome: str = "written"
    code: str | None = None
    message: str | None = None
    fields: tuple[str, ...] = ()

    @property
    def passing(self) -> bool:
        """Refused for a reason that may pass."""
        return self.outcome == "rejected" and self.code in RETRIED_ROW_CODES


DEFERRED = Outcome(
    "deferred",
    "QUOTA",
    "the share of the daily API calls that may be used is reached; the next run continues",
)


@dataclass(frozen=True, slots=True)
class Change:
    """What to send to one record.

    Attributes:
        id: of the company.
        properties: texts by name; "" clears.
        unusable: properties whose value HubSpot cannot hold.
    """

    id: str
    properties: Mapping[str, str]
    unusable: tuple[str, ...] = ()


def results(ids: pa.Array, found: Mapping[str, Outcome], default: Outcome | None = None) -> pa.RecordBatch:
    """Results as in `connector.crm.RESULT_SCHEMA`, one per id; those that are not in `found` get the default.

    Raises:
        KeyError: an id has no outcome, and there is no default.
    """
    keys = ids.to_pylist()
    outcomes = [found[str(key)] if default is None else found.get(str(key), default) for key in keys]
    return pa.RecordBatch.from_pydict(
        {
            ID: keys,
            "outcome": [each.outcome for each in outcomes],
            "code": [each.code for each in outcomes],
            "message": [each.message for each in outcomes],
            "fields": [", ".join(each.fields) or None for each in outcomes],
        },
        schema=RESULT_SCHEMA,
    )
