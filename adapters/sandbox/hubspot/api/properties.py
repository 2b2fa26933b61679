"""``/crm/v3/properties/{object}``: definitions of properties and their groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from adapters.sandbox.http import json_response
from adapters.sandbox.hubspot.api.endpoint import Call
from adapters.sandbox.hubspot.errors import ApiError, BatchError, batch_response
from adapters.sandbox.hubspot.store.property_store import Definitions, missing_property


class PropertyEndpoint:
    """Definitions and groups of every object type."""

    def __init__(self, store: Definitions) -> None:
        """Serve the definitions in `store`."""
        self._store = store

    def listing(self, call: Call) -> Response:
        """All properties of an object."""
        kind = call.kind("read")
        archived = call.query.get("archived", "false").lower() == "true"
        return json_response(
            {
                "results": [
                    self._store.as_json(kind, each) for each in self._store.all(kind, archived=archived)
                ]
            }
        )

    def get(self, call: Call) -> Response:
        """One property."""
        kind = call.kind("read")
        found = self._store.find(kind, call.path["name"])
        if found is None:
            raise missing_property(call.path["name"])
        return json_response(self._store.as_json(kind, found))

    def create(self, call: Call) -> Response:
        """A new property: 201."""
        kind = call.kind("schema")
        return json_response(self._store.as_json(kind, self._store.create(kind, call.json())), 201)

    def update(self, call: Call) -> Response:
        """Change a definition."""
        kind = call.kind("schema")
        return json_response(
            self._store.as_json(kind, self._store.update(kind, call.path["name"], call.json()))
        )

    def archive(self, call: Call) -> Response:
        """To the recycle bin: 204."""
        self._store.archive(call.kind("schema"), call.path["name"])
        return Response(status_code=204)

    def batch_create(self, call: Call) -> Response:
        """Several new properties: 201, or 207 with what failed."""
        kind = call.kind("schema")
        return self._each(
            call, lambda one: self._store.as_json(kind, self._store.create(kind, one)), status=201
        )

    def batch_read(self, call: Call) -> Response:
        """Several properties by name."""
        kind = call.kind("read")

        def read(one: Mapping[str, Any]) -> dict[str, Any]:
            found = self._store.find(kind, str(one.get("name")))
            if found is None:
                raise missing_property(str(one.get("name")))
            return self._store.as_json(kind, found)

        return self._each(call, read, status=200)

    def batch_archive(self, call: Call) -> Response:
        """Several to the recycle bin: 204 whatever their state was."""
        kind = call.kind("schema")
        for one in call.inputs(100):
            self._store.archive(kind, str(one.get("name")))
        return Response(status_code=204)

    def _each(
        self, call: Call, do: Callable[[Mapping[str, Any]], dict[str, Any]], *, status: int
    ) -> Response:
        results, errors = [], []
        for one in call.inputs(100):
            try:
                results.append(do(one))
            except ApiError as error:
                context = {"name": [str(one.get("name"))]}
                errors.append(
                    BatchError(error.category or "", error.message, context, error.extra.get("subCategory"))
                )
        return batch_response(results, errors, call.started, status)

    def groups(self, call: Call) -> Response:
        """All groups."""
        return json_response(
            {"results": [group.as_json() for group in self._store.groups(call.kind("read"))]}
        )

    def group(self, call: Call) -> Response:
        """One group."""
        return json_response(self._store.group(call.kind("read"), call.path["name"]).as_json())

    def create_group(self, call: Call) -> Response:
        """A new group: 201."""
        return json_response(self._store.create_group(call.kind("schema"), call.json()).as_json(), 201)

    def update_group(self, call: Call) -> Response:
        """Another label or place."""
        group = self._store.group(call.kind("schema"), call.path["name"])
        body = call.json()
        group.label = str(body.get("label", group.label))
        group.display_order = int(body.get("displayOrder", group.display_order))
        return json_response(group.as_json())

    def archive_group(self, call: Call) -> Response:
        """To the recycle bin: 204."""
        self._store.archive_group(call.kind("schema"), call.path["name"])
        return Response(status_code=204)
