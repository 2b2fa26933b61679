"""UserRecordAccess: what one user may do with some records, worked out when it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.sandbox.salesforce.errors import ApiError
from adapters.sandbox.salesforce.ids import normalised
from adapters.sandbox.salesforce.sharing import live_row
from adapters.sandbox.salesforce.soql import Comparison, Condition, Logic, Path, Query

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.access import Access
    from adapters.sandbox.salesforce.org import Org

NAME = "UserRecordAccess"
_MOST = 200
_LEVELS = {
    "HasReadAccess": ("PermissionsRead",),
    "HasEditAccess": ("PermissionsEdit",),
    "HasDeleteAccess": ("PermissionsDelete",),
    "HasTransferAccess": ("PermissionsEdit",),
    "HasAllAccess": ("PermissionsModifyAllRecords",),
}
_FIELDS = ("RecordId", *_LEVELS, "MaxAccessLevel")
_FORM = "When querying the UserRecordAccess object, the WHERE clause has to be UserId = and RecordId = or IN"


def run(org: Org, query: Query) -> dict[str, Any]:
    """The answer to a query on UserRecordAccess.

    Raises:
        ApiError: fields or conditions that Salesforce does not allow there.
    """
    names = []
    for column in query.columns:
        path = column.what
        name = path.parts[-1] if isinstance(path, Path) else ""
        known = next((each for each in _FIELDS if each.lower() == name.lower()), None)
        if known is None:
            raise ApiError(
                "INVALID_FIELD", "Can select only RecordId, a Has*Access field, and MaxAccessLevel"
            )
        names.append(known)
    asked = _asked(query.where)
    other = org.access(asked.user_id)
    rows = [_row(org, other, each) for each in asked.ids]
    records = [
        {"attributes": {"type": NAME}, **{name: row[name] for name in names}}
        for row in rows
        if all(row[name] == wanted for name, wanted in asked.rights.items())
    ]
    return {"totalSize": len(records), "done": True, "records": records}


@dataclass(frozen=True, slots=True)
class _Asked:
    """The user, the records, and what the rights have to be."""

    user_id: str
    ids: list[str]
    rights: dict[str, bool]


def _asked(where: Condition | None) -> _Asked:
    """What a condition asks for.

    Raises:
        ApiError: it is not of the one form that Salesforce takes.
    """
    found: dict[str, list[str]] = {}
    rights: dict[str, bool] = {}
    for part in _joined(where):
        if not isinstance(part, Comparison) or part.operator not in ("=", "in") or part.query is not None:
            raise ApiError("MALFORMED_QUERY", _FORM)
        name = part.path.parts[-1].lower()
        right = next((each for each in _LEVELS if each.lower() == name), None)
        if right is not None:
            rights[right] = part.values[0].value is True
            continue
        known = [each for value in part.values if (each := normalised(str(value.value))) is not None]
        if len(known) < len(part.values):
            raise ApiError("INVALID_QUERY_FILTER_OPERATOR", "invalid ID field")
        found[name] = known
    users, ids = found.get("userid", []), found.get("recordid", [])
    if len(ids) > _MOST:
        raise ApiError("MALFORMED_QUERY", f"Number of records exceeds limit:{_MOST}")
    if len(users) != 1 or not ids:
        raise ApiError("MALFORMED_QUERY", _FORM)
    return _Asked(users[0], list(dict.fromkeys(ids)), rights)


def _joined(where: Condition | None) -> Iterator[Condition | None]:
    """The conditions that are joined by AND."""
    if isinstance(where, Logic) and where.operator == "and":
        for part in where.parts:
            yield from _joined(part)
    else:
        yield where


def _row(org: Org, access: Access, record_id: str) -> dict[str, Any]:
    target = org.object_of_id(record_id)
    visible = target is not None and live_row(org, access, target, record_id) is not None
    rights = {
        name: visible and target is not None and all(access.may(right, target) for right in needed)
        for name, needed in _LEVELS.items()
    }
    highest = "None"
    for name in ("Read", "Edit", "Delete", "All"):
        if rights[f"Has{name}Access"]:
            highest = name
    return {"RecordId": record_id, "MaxAccessLevel": highest, **rights}
