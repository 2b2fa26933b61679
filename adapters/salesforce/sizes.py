"""About how many records objects have: one call for all of them, from which the way of reading follows."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.salesforce.fields import OBJECTS
from adapters.salesforce.http import Org
from connector.errors import CrmError


class Sizes:
    """Numbers of records of one org's objects, asked once. Salesforce counts now and then, and not for everybody."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._known: Mapping[str, int] | None = None

    def of(self, name: str) -> int | None:
        """About how many records an object has; None if that is not known."""
        if self._known is None:
            self._known = self._asked()
        return self._known.get(name)

    def _asked(self) -> dict[str, int]:
        names = ",".join(dict.fromkeys(name for section in OBJECTS.values() for name in section))
        try:
            answer = self._org.request(
                "count records", "GET", "limits/recordCount", params={"sObjects": names}
            )
            return {str(each["name"]): int(each["count"]) for each in answer["sObjects"]}
        except (CrmError, KeyError, TypeError):
            return {}
