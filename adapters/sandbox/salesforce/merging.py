"""Merging accounts as the pages do: the losers go into the recycle bin, what hung on them moves to the master."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.sandbox.database import quoted
from adapters.sandbox.salesforce.ids import make_id, normalised
from adapters.sandbox.salesforce.org import ADMIN_KEY
from adapters.sandbox.side import ControlError

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.org import Org

_MOST_LOSERS = 2


def merge(org: Org, master: str, losers: Sequence[str]) -> None:
    """Merge up to two accounts into another one.

    Raises:
        ControlError: an id that is no live account, or too many of them.
    """
    if not 1 <= len(losers) <= _MOST_LOSERS:
        raise ControlError(f"one or two losers can be merged at a time, not {len(losers)}")
    account = org.objects["Account"]
    ids = [normalised(each) for each in (master, *losers)]
    by, now = make_id("005", ADMIN_KEY), org.stamp()
    stamps = "LastModifiedDate = ?, LastModifiedById = ?, SystemModstamp = ?"
    with org.database.writing() as connection:
        for record_id in ids:
            found = connection.execute(
                f"SELECT IsDeleted FROM {quoted(account.table)} WHERE Id = ?", (record_id,)
            ).fetchone()
            if found is None or found[0]:
                raise ControlError(f"there is no live account {record_id!r}")
        for loser in ids[1:]:
            connection.execute(
                f"UPDATE {quoted(account.table)} SET IsDeleted = 1, MasterRecordId = ?, {stamps} WHERE Id = ?",
                (ids[0], now, by, now, loser),
            )
            for child in org.objects.values():
                for each in child.fields.values():
                    if each.name in ("AccountId", "WhatId", "ParentId") and "Account" in each.reference_to:
                        connection.execute(
                            f"UPDATE {quoted(child.table)} SET {quoted(each.name)} = ?, {stamps} "
                            f"WHERE {quoted(each.name)} = ?",
                            (ids[0], now, by, now, loser),
                        )
        connection.execute(
            f"UPDATE {quoted(account.table)} SET {stamps} WHERE Id = ?", (now, by, now, ids[0])
        )
