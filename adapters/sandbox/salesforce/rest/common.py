"""What the REST resources share: the object of a path, values of a JSON record, answers about single records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from adapters.sandbox.http import json_response
from adapters.sandbox.salesforce.checks import Circumstances, Values
from adapters.sandbox.salesforce.errors import ApiError, not_found
from adapters.sandbox.salesforce.values import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.sandbox.salesforce.api import Call
    from adapters.sandbox.salesforce.org import Org
    from adapters.sandbox.salesforce.records import Saved
    from adapters.sandbox.salesforce.schema import SField, SObject

DATA = "/services/data/v{version}"


def object_of(org: Org, call: Call) -> SObject:
    """The object of the path.

    Raises:
        ApiError: an unknown one is a resource that does not exist.
    """
    try:
        target = org.object(call.parameter("object"))
    except ApiError:
        raise not_found() from None
    if not call.access.may("PermissionsRead", target):
        raise not_found()
    return target


def values_of(call: Call, target: SObject, body: Mapping[str, Any]) -> Values:
    """The fields of a JSON record.

    Raises:
        ApiError: an unknown or hidden field, or a value of the wrong type: the whole request fails.
    """
    result = {}
    for name, value in body.items():
        if name.lower() in ("attributes", "id"):
            continue
        each = call.access.field_of(target, name)
        result[each.name] = from_json(each, value)
    return result


def given(call: Call, *, all_or_none: bool = False) -> Circumstances:
    """What a write depends on besides its values."""
    return Circumstances(call.path, call.request.headers, all_or_none)


def attributes(target: SObject, record_id: str, version: str) -> dict[str, str]:
    """``attributes`` of a record in an answer."""
    return {"type": target.name, "url": f"/services/data/v{version}/sobjects/{target.name}/{record_id}"}


def record(target: SObject, row: Any, fields: Sequence[SField], version: str) -> dict[str, Any]:  # noqa: ANN401
    """A record as JSON."""
    return {
        "attributes": attributes(target, row["Id"], version),
        **{each.name: to_json(each.type, row[each.name]) for each in fields if each.stored},
    }


def refused(saved: Saved) -> Response:
    """One record's errors as the answer to a single write."""
    first = saved.errors[0]
    if first.code == "INVALID_CROSS_REFERENCE_KEY" and not first.fields:
        return not_found().response()
    return json_response(
        [
            {"message": error.message, "errorCode": error.code, "fields": list(error.fields)}
            for error in saved.errors
        ],
        404 if first.code == "ENTITY_IS_DELETED" else 400,
    )


def result(saved: Saved) -> dict[str, Any]:
    """One record's result in a collection; without `id` if there is no such record."""
    shown: dict[str, Any] = {} if saved.id is None else {"id": saved.id}
    return {**shown, "success": not saved.errors, "errors": [error.as_rest() for error in saved.errors]}
