"""A stand-in for the CRM that answers from the mirror: what was read last, for trials that must not cost a call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connector.crm import (
    CrmField,
    CrmName,
    Currencies,
    Estimate,
    FieldType,
    Object,
    Option,
    Pulled,
    PullRequest,
    Rate,
    Usage,
)
from connector.errors import ConfigError
from connector.mirror import ABOUT, State, kept

AGAIN = "`kpm plan` reads it from the CRM, with the mapping that the configuration names"
_SAME = ("account", "sources", "pipelines", "role_field", "last_activity", "date")
"""Parts of a request that decide what the added columns hold."""


def about(fields: Mapping[str, CrmField], currencies: Currencies) -> dict[str, Any]:
    """What else must be known of the CRM, as JSON can hold it."""
    found = {"moment": datetime.now(UTC), "fields": {name: asdict(each) for name, each in fields.items()}}
    whole: dict[str, Any] = json.loads(json.dumps({**found, "currencies": asdict(currencies)}, default=str))
    return whole


class StoredCrm:
    """Reads only, and knows only what was read last.

    Attributes:
        name: of the CRM.
        moment: when it was read.
        notes: what a question went beyond, in words for people.

    Raises:
        ConfigError: nothing was read yet.
    """

    def __init__(self, name: CrmName, mirror: Path) -> None:
        self.name: CrmName = name
        self.notes: dict[str, None] = {}
        self._mirror = mirror
        try:
            found = json.loads((mirror / ABOUT).read_text(encoding="utf-8"))
            self._fields = {key: _field(each) for key, each in found["fields"].items()}
            self._currencies = _currencies(found["currencies"])
            self.moment = datetime.fromisoformat(found["moment"])
        except (OSError, ValueError, KeyError, TypeError):
            raise ConfigError(
                "Nothing was read from the CRM yet. Run `kpm plan` or `kpm sync` once; what they read is kept, and "
                "simulations work on it."
            ) from None

    def describe(self, object: Object, source: str | None = None) -> Mapping[str, CrmField]:  # noqa: ARG002
        """Fields of the account, as they were."""
        return self._fields

    def currencies(self) -> Currencies:
        """Home currency and rates, as they were."""
        return self._currencies

    def incremental(self, request: PullRequest) -> bool:  # noqa: ARG002
        """Never: all of it is here."""
        return False

    def basis(self, request: PullRequest) -> str:  # noqa: ARG002
        """Nothing: it does not change."""
        return ""

    def pull(self, request: PullRequest, folder: Path) -> Pulled:
        """Records as they were read last.

        Raises:
            ConfigError: what is asked for was not read.
        """
        found = kept(self._mirror / request.object, folder / "kept")
        if found is None:
            raise ConfigError(f"{request.object} were not read yet: {AGAIN}.")
        state, paths = found
        for name in request.fields:
            if name not in state.schema:
                raise ConfigError(f"The field {name} of {request.object} was not read: {AGAIN}.")
        self._compare(request, state)
        return Pulled(
            request.object,
            tuple(paths),
            {
                name: kind
                for name, kind in state.schema.items()
                if name.startswith("@") or name in request.fields
            },
            state.rows,
            merged=state.merged,
            key=state.key,
            narrowed=state.narrowed,
        )

    def _compare(self, request: PullRequest, state: State) -> None:
        wanted = json.loads(json.dumps(asdict(replace(request, since=None)), default=str))
        for part in _SAME:
            if wanted[part] != state.request[part]:
                raise ConfigError(f"{request.object} were read with another {part}: {AGAIN}.")
        if state.request["where"] and wanted["where"] != state.request["where"]:
            self.notes[
                f"{request.object} that the mapping in use does not read were not read: where the other mapping lets "
                f"in more of them, they are not in this trial"
            ] = None

    def estimate(self, rows: Mapping[Object, int], changes: int) -> Estimate:  # noqa: ARG002
        """No calls."""
        return Estimate(0, 0)

    def usage(self) -> Usage:
        """No calls."""
        return Usage(None, None, {})


def _field(given: Mapping[str, Any]) -> CrmField:
    options = tuple(Option(**each) for each in given["options"])
    return CrmField(**{**given, "type": FieldType(given["type"]), "options": options})


def _currencies(given: Mapping[str, Any]) -> Currencies:
    def day(text: str | None) -> date | None:
        return None if text is None else date.fromisoformat(text)

    rates = (
        Rate(**{**each, "start": day(each["start"]), "end": day(each["end"])}) for each in given["rates"]
    )
    return Currencies(given["home"], tuple(rates))
