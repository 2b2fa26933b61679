"""Small portfolios for tests: accounts as dictionaries with what matters, the rest is filled in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import narwhals as nw
import pyarrow as pa

from connector.mapping import Mapping
from connector.tables import Frame

LABELS = {
    "demand": "Future demand",
    "space": "White space",
    "access": "Decision makers",
    "chemistry": "Chemistry",
}
FIELDS = {
    "segment": "Zone",
    "segment_since": "Since",
    "potential": "Potential",
    "attractiveness": "Attractiveness",
    "coverage": "Coverage",
    "confidence": "Confidence",
    "why": "Why",
    "next_step": "Next",
    "campaigns": "Campaigns",
    "headroom": "Headroom",
    "share_of_wallet": "Share",
    "revenue_flag": "Top",
}
TYPES: dict[str, pa.DataType] = {
    "segment": pa.string(),
    "segment_since": pa.int32(),
    "confidence": pa.string(),
    "why": pa.string(),
    "next_step": pa.string(),
    "campaigns": pa.string(),
    "revenue_flag": pa.bool_(),
}
RATING = {"kind": "rating", "worst": 1, "best": 5}


def mapping_of(**sections: Any) -> Mapping:
    """Two criteria per dimension: demand and space, access and chemistry (which expires); every result is written."""
    criteria = [
        {
            "id": "demand",
            "dimension": "potential",
            "weight": 60,
            "source": {"field": "Demand"},
            "scale": RATING,
        },
        {
            "id": "space",
            "dimension": "potential",
            "weight": 40,
            "source": {"from": "wallet", "measure": "headroom"},
            "scale": {"kind": "log", "zero": 0, "full": 1000},
        },
        {
            "id": "access",
            "dimension": "attractiveness",
            "weight": 50,
            "changeability": 0.8,
            "source": {"from": "contact_roles", "measure": "role_coverage", "required": ["Buyer"]},
            "scale": {"kind": "linear", "zero": 0, "full": 1},
        },
        {
            "id": "chemistry",
            "dimension": "attractiveness",
            "weight": 50,
            "source": {"field": "Chemistry", "expires_days": 365},
            "scale": RATING,
        },
    ]
    whole: dict[str, Any] = {
        "version": 1,
        "crm": "salesforce",
        "currency": "EUR",
        "accounts": {"name": "Name"},
        "opportunities": {"account": "A", "amount": "B", "close_date": "C", "stage": "D"},
        "criteria": [{"label": LABELS[str(one["id"])], **one} for one in criteria],
        "wallet": {"sources": ["field:Wallet"], "achievable_share": 0.6},
        "matrix": {"protect_top_revenue": 0},
        "write": {**FIELDS, "criteria": {"access": "Access"}},
    }
    return Mapping.model_validate(whole | sections)


def scored(backend: str, accounts: Iterable[dict[str, Any]], mapping: Mapping) -> Frame:
    """A table as `score` leaves it: firm, fully covered, 50 on everything and new, unless an account says otherwise.

    ``p`` and ``a`` set points and both bounds of a dimension.
    """
    return opened(backend, [_account(account, mapping) for account in accounts])


def _account(account: dict[str, Any], mapping: Mapping) -> dict[str, Any]:
    given = dict(account)
    row: dict[str, Any] = {
        "name": "Acme",
        "owner": "Ann",
        "member": True,
        "left": False,
        "pilot": True,
        "own": None,
        "headroom": None,
        "share": None,
        "wallet": None,
        "wallet_expired": False,
        "expired": False,
    }
    for short, dimension in (("p", "potential"), ("a", "attractiveness")):
        points = given.pop(short, 50)
        row |= {f"{name}:{dimension}": points for name in ("points", "lo", "hi")}
        row[f"coverage:{dimension}"] = 1.0
    for criterion in mapping.criteria:
        score = given.get(f"score:{criterion.id}", 50)
        row |= {f"score:{criterion.id}": score, f"known:{criterion.id}": score is not None}
        row[f"rung:{criterion.id}"] = None if score is None else 0
        row |= {f"expired:{criterion.id}:{place}": False for place in range(len(criterion.rungs))}
    row |= {f"now:{key}": None for key in mapping.write.targets}
    return row | given


def opened(backend: str, rows: list[dict[str, Any]]) -> Frame:
    """Rows as a lazy frame of the backend, typed as the stages type them."""
    schema = pa.schema([(name, _type(name)) for name in rows[0]])
    return nw.from_native(pa.Table.from_pylist(rows, schema=schema), eager_only=True).lazy(backend=backend)


def _type(name: str) -> pa.DataType:
    kind, _, key = name.partition(":")
    if kind.startswith("override"):
        return (
            pa.int32()
            if kind == "override_until"
            else pa.int64()
            if name.startswith("override:")
            else pa.string()
        )
    if kind in ("now", "out", "written"):
        return TYPES.get(key, pa.float64())
    if kind in ("points", "lo", "hi", "score", "rung"):
        return pa.int64()
    if kind == "coverage":
        return pa.float64()
    if kind in (
        "known",
        "expired",
        "member",
        "left",
        "pilot",
        "wallet_expired",
        "send",
        "firm",
        "top_revenue",
    ):
        return pa.bool_()
    if name in ("own", "headroom", "wallet"):
        return pa.int64()
    if name == "share":
        return pa.float64()
    return pa.int32() if name.endswith("_since") else pa.string()


def rows_of(frame: Frame) -> list[dict[str, Any]]:
    """The frame's rows in the order of their ids."""
    rows: list[dict[str, Any]] = frame.sort("id").collect().to_arrow().to_pylist()
    return rows
