"""Which companies records belong to, a thousand records a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from adapters.hubspot.http import Portal
from connector.crm import ACCOUNT, ID
from connector.errors import CrmRequestError

INPUTS = 1_000
PRIMARY = "primary"
_PRIMARY_TYPE = 5  # "deal with primary company", HubSpot's own; labels of a portal have other numbers
_NONE = "NO_ASSOCIATIONS_FOUND"


def associations(portal: Portal, from_name: str, to_name: str, ids: Sequence[str]) -> pl.DataFrame:
    """Which records of `to_name` belong to which of `from_name`.

    Returns:
        ``@id``, ``@account`` (text) and ``primary`` (boolean); one row per pair, in order of the pairs.
    """
    operation = f"read the {to_name} of {from_name}"
    path = portal.paths.associations(from_name, to_name)
    pairs: dict[tuple[str, str], bool] = {}
    pending: list[dict[str, str]] = [{"id": each} for each in ids]
    while pending:
        batch, pending = pending[:INPUTS], pending[INPUTS:]
        answer = portal.request(operation, "POST", path, body={"inputs": batch}, expect="results")
        _check_errors(answer.get("errors") or (), operation)
        for result in answer["results"]:
            source = str(result["from"]["id"])
            for target in result.get("to") or ():
                pair = (source, str(target["toObjectId"]))
                pairs[pair] = pairs.get(pair, False) or _is_primary(target)
            after = ((result.get("paging") or {}).get("next") or {}).get("after")
            if after is not None:
                pending.append({"id": source, "after": str(after)})
    return pl.DataFrame(
        {
            ID: [source for source, _ in pairs],
            ACCOUNT: [target for _, target in pairs],
            PRIMARY: list(pairs.values()),
        },
        schema={ID: pl.String, ACCOUNT: pl.String, PRIMARY: pl.Boolean},
    ).sort(ID, ACCOUNT)


def main_company(pairs: pl.DataFrame) -> pl.DataFrame:
    """At most one company per record: the primary one, else the only one."""
    primary = pl.col(ACCOUNT).filter(pl.col(PRIMARY)).first()
    only = pl.when(pl.len() == 1).then(pl.col(ACCOUNT).first())
    return pairs.group_by(ID, maintain_order=True).agg(pl.coalesce(primary, only).alias(ACCOUNT))


def _is_primary(target: Mapping[str, Any]) -> bool:
    kinds = target.get("associationTypes") or ()
    return any(
        kind.get("typeId") == _PRIMARY_TYPE and kind.get("category", "HUBSPOT_DEFINED") == "HUBSPOT_DEFINED"
        for kind in kinds
    )


def _check_errors(errors: Sequence[Mapping[str, Any]], operation: str) -> None:
    """A record without associations is reported as an error; anything else is one."""
    for error in errors:
        if _NONE not in f"{error.get('subCategory')} {error.get('category')}":
            raise CrmRequestError(
                f"HubSpot could not {operation}: {error.get('category')}: {error.get('message')}. "
                f"Records were left out of its answer, so the read stops here; run again.",
                crm="hubspot",
                operation=operation,
                code=str(error.get("category") or "") or None,
            )
