"""REST: versions, describe, queries, records one by one, in collections and in composite requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from adapters.sandbox.salesforce.rest.collections import Collections
from adapters.sandbox.salesforce.rest.composite import Composite
from adapters.sandbox.salesforce.rest.reading import Reading
from adapters.sandbox.salesforce.rest.replication import Replication
from adapters.sandbox.salesforce.rest.single import Single
from adapters.sandbox.salesforce.rest.tree import Tree
from adapters.sandbox.salesforce.rest.ui import UserInterface

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.api import Gate
    from adapters.sandbox.salesforce.org import Org
    from adapters.sandbox.salesforce.query import Queries
    from adapters.sandbox.salesforce.records import Records


class Rest:
    """The REST resources of one org."""

    def __init__(self, org: Org, gate: Gate, queries: Queries, records: Records) -> None:
        """Serve `org`."""
        self._gate = gate
        self._parts = (
            Reading(org, gate, queries),
            Replication(org, gate),
            Collections(org, gate, records),
            Single(org, gate, records),
            Tree(org, gate, records),
            UserInterface(org, gate),
        )
        self._org = org

    def routes(self) -> list[Route]:
        """The endpoints below /services/data; clients differ in trailing slashes, and Salesforce answers both."""
        routes = [route for part in self._parts for route in part.routes()]
        routes += Composite(self._org, self._gate, routes).routes()
        slashed = [
            Route(f"{route.path}/", route.endpoint, methods=list(route.methods or []))
            for route in routes
            if not route.path.endswith("/")
        ]
        return [*routes, *slashed]
