"""User interface API: what an object's record types are, and which picklist values each of them allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from adapters.sandbox.http import json_response
from adapters.sandbox.salesforce.errors import ApiError
from adapters.sandbox.salesforce.ids import normalised
from adapters.sandbox.salesforce.picklists import MASTER
from adapters.sandbox.salesforce.rest.common import DATA, object_of

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.api import Call, Gate
    from adapters.sandbox.salesforce.org import Org
    from adapters.sandbox.salesforce.schema import SField, SObject

_PICKLISTS = ("picklist", "multipicklist")


class UserInterface:
    """`/ui-api/object-info`."""

    def __init__(self, org: Org, gate: Gate) -> None:
        """Serve `org`."""
        self._org = org
        self._gate = gate

    def routes(self) -> list[Route]:
        """The endpoints."""
        api = self._gate.endpoint
        one = f"{DATA}/ui-api/object-info/{{object}}"
        values = f"{one}/picklist-values/{{record_type}}"
        return [
            Route(one, api(self._info), methods=["GET"]),
            Route(values, api(self._all_values), methods=["GET"]),
            Route(f"{values}/{{field}}", api(self._values), methods=["GET"]),
        ]

    def _info(self, call: Call) -> Response:
        target = object_of(self._org, call)
        types = self._org.record_types.types(target)
        default = types[0][0]
        return json_response(
            {
                "apiName": target.name,
                "keyPrefix": target.prefix,
                "label": target.label,
                "labelPlural": target.plural,
                "createable": call.access.may("PermissionsCreate", target),
                "updateable": call.access.may("PermissionsEdit", target),
                "defaultRecordTypeId": default,
                "recordTypeInfos": {
                    record_type: {
                        "available": True,
                        "defaultRecordTypeMapping": record_type == default,
                        "master": record_type == MASTER,
                        "name": label,
                        "recordTypeId": record_type,
                    }
                    for record_type, _, label in types
                },
                "fields": {
                    each.name: {"apiName": each.name, "label": each.label, "dataType": each.type.capitalize()}
                    for each in call.access.visible_fields(target)
                },
            }
        )

    def _record_type(self, call: Call, target: SObject) -> str:
        wanted = normalised(call.parameter("record_type"))
        known = {record_type for record_type, _, _ in self._org.record_types.types(target)}
        if wanted not in known:
            raise ApiError(
                "INVALID_TYPE",
                f"Record type {call.parameter('record_type')} does not exist for {target.name}",
            )
        return wanted

    def _all_values(self, call: Call) -> Response:
        target = object_of(self._org, call)
        record_type = self._record_type(call, target)
        fields = [each for each in call.access.visible_fields(target) if each.type in _PICKLISTS]
        return json_response(
            {
                "eTag": "sandbox",
                "picklistFieldValues": {
                    each.name: self._shown(call, target, record_type, each) for each in fields
                },
            }
        )

    def _values(self, call: Call) -> Response:
        target = object_of(self._org, call)
        record_type = self._record_type(call, target)
        each = call.access.field_of(target, call.parameter("field"))
        if each.type not in _PICKLISTS:
            raise ApiError("INVALID_FIELD", f"{each.name} is no picklist")
        return json_response(self._shown(call, target, record_type, each))

    def _shown(self, call: Call, target: SObject, record_type: str, each: SField) -> dict[str, Any]:
        options = self._org.record_types.of(target, record_type, each)
        base = f"/services/data/v{call.version}/ui-api/object-info/{target.name}/picklist-values"
        shown: list[dict[str, Any]] = [
            {"attributes": None, "label": option.label, "validFor": [], "value": option.value}
            for option in options
        ]
        default = next((entry for entry, option in zip(shown, options, strict=True) if option.default), None)
        return {
            "controllerValues": {},
            "defaultValue": default,
            "eTag": "sandbox",
            "url": f"{base}/{record_type}/{each.name}",
            "values": shown,
        }
