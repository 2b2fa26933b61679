"""Changes that did not reach the CRM: account, field, value, the CRM's own words, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from connector.crm import ID, SEND, WAS, CrmName
from connector.reports.remedies import remedy


@dataclass(frozen=True, slots=True)
class Value:
    """A value that was to be written, and what the CRM held before."""

    field: str
    value: Any
    before: Any


@dataclass(frozen=True, slots=True)
class Reject:
    """One account whose change did not reach the CRM.

    Attributes:
        account: its id, the survivor's if it was merged since.
        name: as the run read it.
        url: link for people, None if the CRM cannot be asked for it.
        outcome: ``rejected``, or ``deferred`` to the next run.
        code: the CRM's.
        message: the CRM's own words.
        values: of the fields that the CRM named, else of all that were sent.
        remedy: what to do.
    """

    account: str
    name: str | None
    url: str | None
    outcome: str
    code: str | None
    message: str | None
    values: tuple[Value, ...]
    remedy: str


def rejects(
    refused: Iterable[tuple[pa.Table, pa.Table]],
    crm: CrmName,
    names: Mapping[str, str | None],
    *,
    now: Callable[[str], str] = lambda account: account,
    url: Callable[[str], str | None] = lambda _: None,
) -> list[Reject]:
    """The refusals of a run, by account.

    Args:
        refused: changes and results as `connector.store.journal.Journal.refused` gives them.
        crm: whose codes they are.
        names: of the accounts.
        now: who an account is now.
        url: link to an account.
    """
    found = []
    for changes, results in refused:
        sent = {row[ID]: row for row in changes.to_pylist()}
        for row in results.to_pylist():
            account = now(row[ID])
            found.append(
                Reject(
                    account,
                    names.get(row[ID]) or names.get(account),
                    url(account),
                    row["outcome"],
                    row["code"],
                    row["message"],
                    _values(sent[row[ID]], row["fields"]),
                    remedy(crm, row["code"]),
                )
            )
    return found


def _values(change: Mapping[str, Any], named: str | None) -> tuple[Value, ...]:
    sent = [name.removeprefix(SEND) for name, flag in change.items() if name.startswith(SEND) and flag]
    wanted = {name.strip() for name in (named or "").split(",")}
    chosen = [name for name in sent if name in wanted] or sent
    return tuple(Value(name, change[name], change.get(WAS + name)) for name in chosen)
