"""sObject Tree: new records with their children, all or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from adapters.sandbox.http import json_response
from adapters.sandbox.salesforce.errors import ApiError
from adapters.sandbox.salesforce.rest.common import DATA, given, object_of, values_of

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.api import Call, Gate
    from adapters.sandbox.salesforce.org import Org
    from adapters.sandbox.salesforce.records import Records
    from adapters.sandbox.salesforce.schema import SField, SObject

_MOST = 200


class _RefusedError(Exception):
    """Leaves the transaction."""


class Tree:
    """`/composite/tree/OBJECT`."""

    def __init__(self, org: Org, gate: Gate, records: Records) -> None:
        """Serve `org`."""
        self._org = org
        self._gate = gate
        self._records = records

    def routes(self) -> list[Route]:
        """The endpoint."""
        return [
            Route(f"{DATA}/composite/tree/{{object}}", self._gate.endpoint(self._create), methods=["POST"])
        ]

    def _create(self, call: Call) -> Response:
        target = object_of(self._org, call)
        records = call.json_object().get("records")
        if not isinstance(records, list) or not records:
            raise ApiError("INVALID_INPUT", "The records field is required")
        made: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        try:
            with self._org.database.writing():
                self._plant(call, target, records, {}, made, errors)
                if errors:
                    raise _RefusedError  # noqa: TRY301 (the way to roll back)
        except _RefusedError:
            return json_response({"hasErrors": True, "results": errors}, 400)
        return json_response({"hasErrors": False, "results": made}, 201)

    def _plant(
        self,
        call: Call,
        target: SObject,
        records: list[Any],
        parent: Mapping[str, Any],
        made: list[dict[str, Any]],
        errors: list[dict[str, Any]],
    ) -> None:
        """Create records, then the children of each."""
        call.access.demand("PermissionsCreate", target)
        for row in records:
            reference = str(row.get("attributes", {}).get("referenceId") or "")
            if len(made) >= _MOST:
                raise ApiError("INVALID_INPUT", f"The tree may hold at most {_MOST} records")
            children = {
                name: value for name, value in row.items() if isinstance(value, dict) and "records" in value
            }
            own = {name: value for name, value in row.items() if name not in children}
            values = values_of(call, target, {**own, **parent})
            saved = self._records.create(call.access, target, [values], given(call))[0]
            if saved.errors:
                errors.append({"referenceId": reference, "errors": [each.as_rest() for each in saved.errors]})
                continue
            made.append({"referenceId": reference, "id": saved.id})
            for name, value in children.items():
                child, link = self._child(target, name)
                self._plant(call, child, value["records"], {link.name: saved.id}, made, errors)

    def _child(self, target: SObject, name: str) -> tuple[SObject, SField]:
        """The object behind the name of a child relationship, and its lookup."""
        for child in self._org.objects.values():
            for each in child.fields.values():
                if target.name in each.reference_to and each.children == name:
                    return child, each
        raise ApiError("INVALID_FIELD", f"No such relation '{name}' on entity '{target.name}'")
