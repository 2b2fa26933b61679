"""What an org has or lacks by its edition and settings: objects and fields that exist only where a feature is on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adapters.sandbox.side import ControlError

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.org import Org
    from adapters.sandbox.salesforce.schema import SField, SObject

_PERSON_FIELDS = ("IsPersonAccount", "FirstName", "LastName", "PersonEmail")


class Features:
    """Takes objects and fields out of the org and puts them back; their data stay."""

    def __init__(self, org: Org) -> None:
        """Everything is there at first."""
        self._org = org
        self._objects: dict[str, SObject] = {}
        self._fields: list[SField] = []
        self.custom_fields = 500  # that an object may have in Enterprise Edition

    def configure(self, settings: Mapping[str, Any]) -> None:
        """See `configure`.

        Raises:
            ControlError: an unknown setting or object.
        """
        known = {"missing", "person_accounts", "dated_rates", "custom_fields"}
        if unknown := set(settings) - known:
            raise ControlError(
                f"unknown setting {', '.join(sorted(unknown))}: use {', '.join(sorted(known))}"
            )
        if "custom_fields" in settings:
            self.custom_fields = int(settings["custom_fields"])
        if "person_accounts" in settings:
            self._person_accounts(present=bool(settings["person_accounts"]))
        missing = set(settings.get("missing", self._objects))
        if "dated_rates" in settings:
            missing = (
                missing - {"DatedConversionRate"}
                if settings["dated_rates"]
                else missing | {"DatedConversionRate"}
            )
        self._miss(missing)
        self._org.permissions_changed()

    def _miss(self, names: set[str]) -> None:
        if unknown := names - set(self._org.objects) - set(self._objects):
            raise ControlError(f"unknown object {', '.join(sorted(unknown))}")
        for name in set(self._objects) - names:
            self._org.show(self._objects.pop(name))
        for name in names - set(self._objects):
            self._objects[name] = self._org.hide(name)

    def _person_accounts(self, *, present: bool) -> None:
        account = self._org.objects["Account"]
        if present and self._fields:
            account.add(self._fields)
            self._fields = []
        elif not present and not self._fields:
            self._fields = [account.fields[name] for name in _PERSON_FIELDS]
            for name in _PERSON_FIELDS:
                account.remove(name)
