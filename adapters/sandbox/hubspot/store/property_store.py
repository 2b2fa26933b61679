"""Property definitions and groups of a portal: what exists, and what a change of them may be."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from adapters.sandbox.database import Database
from adapters.sandbox.hubspot.errors import ApiError, iso, not_found, validation
from adapters.sandbox.hubspot.store import definitions
from adapters.sandbox.hubspot.store.schema import OBJECT_TYPES, ObjectType, Option, Property, writing_refused

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,99}\Z")
_FIELD_TYPES: Final = {
    "bool": ("booleancheckbox", "calculation_equation"),
    "date": ("date",),
    "datetime": ("date",),
    "enumeration": ("booleancheckbox", "checkbox", "radio", "select", "calculation_equation"),
    "number": ("number", "calculation_equation"),
    "phone_number": ("phonenumber",),
    "string": ("text", "textarea", "html", "file", "phonenumber", "calculation_equation"),
}
_UPDATABLE: Final = (
    "label",
    "description",
    "groupName",
    "displayOrder",
    "hidden",
    "formField",
    "options",
    "type",
    "fieldType",
)
_EXTRA: Final = ("showCurrencySymbol", "currencyPropertyName", "numberDisplayHint", "textDisplayHint")


@dataclass(slots=True)
class Group:
    """A group of properties."""

    name: str
    label: str
    display_order: int = -1
    archived: bool = False

    def as_json(self) -> dict[str, Any]:
        """As HubSpot returns it."""
        return {
            "name": self.name,
            "label": self.label,
            "displayOrder": self.display_order,
            "archived": self.archived,
        }


class Definitions:
    """Definitions by object and name; a property is a column of the object's table."""

    def __init__(self, database: Database, *, ratings: bool, multi_currency: bool) -> None:
        """Start as a fresh portal, with the rating properties if asked."""
        self._database = database
        self._lock = threading.RLock()
        self._properties = definitions.built_in(multi_currency=multi_currency)
        self._groups = {
            kind.name: {name: Group(name, label) for name, label in definitions.groups(kind)}
            for kind in OBJECT_TYPES
        }
        if ratings:
            name, label = definitions.CUSTOM_GROUP
            self._groups["companies"][name] = Group(name, label)
            self._properties["companies"] |= {
                each.name: each for each in definitions.ratings(multi_currency=multi_currency)
            }
        self.hidden: set[tuple[str, str]] = set()
        self.locked: set[tuple[str, str]] = set()

    def columns(self, kind: ObjectType) -> list[str]:
        """Names of all properties that ever were, archived ones included."""
        return list(self._properties[kind.name])

    def find(self, kind: ObjectType, name: str) -> Property | None:
        """A property that can be used now, None if unknown, archived or hidden."""
        found = self._properties[kind.name].get(name)
        return None if found is None or found.archived or (kind.name, name) in self.hidden else found

    def writable(self, kind: ObjectType, name: str) -> bool:
        """Whether its values may be set by API."""
        found = self.find(kind, name)
        return found is not None and not found.read_only and (kind.name, name) not in self.locked

    def as_json(self, kind: ObjectType, each: Property) -> dict[str, Any]:
        """A definition as HubSpot returns it."""
        return each.as_json(locked=(kind.name, each.name) in self.locked)

    def all(self, kind: ObjectType, *, archived: bool = False) -> list[Property]:
        """Visible properties of an object, by name."""
        with self._lock:
            return [
                each
                for name, each in sorted(self._properties[kind.name].items())
                if each.archived is archived and (kind.name, name) not in self.hidden
            ]

    def create(self, kind: ObjectType, body: Mapping[str, Any]) -> Property:
        """Create a property, or restore the archived one of that name.

        Raises:
            ApiError: 400 for a bad definition, 409 if the name is taken.
        """
        with self._lock:
            new = self._checked(kind, body)
            old = self._properties[kind.name].get(new.name)
            if old is not None and not old.archived:
                raise ApiError(
                    409,
                    "OBJECT_ALREADY_EXISTS",
                    f"A property named '{new.name}' already exists.",
                    extra={"subCategory": "Properties.PROPERTY_WITH_NAME_EXISTS"},
                )
            if old is not None:
                new = new.changed(created=old.created)
            else:
                self._database.add_column(kind.table, new.name, "TEXT")
            self._properties[kind.name][new.name] = new
            return new

    def update(self, kind: ObjectType, name: str, body: Mapping[str, Any]) -> Property:
        """Change a definition; options replace the whole list.

        Raises:
            ApiError: 404, or 400 for a definition that HubSpot owns or that is bad.
        """
        with self._lock:
            old = self.find(kind, name)
            if old is None:
                raise missing_property(name)
            if old.hubspot_defined and set(body) - {"options", "displayOrder"}:
                raise writing_refused(name)
            whole = {
                "name": name,
                "label": old.label,
                "type": old.type,
                "fieldType": old.field_type,
                "groupName": old.group,
                "description": old.description,
                "displayOrder": old.display_order,
                "hidden": old.hidden,
                "formField": old.form_field,
                "options": [option.as_json() for option in old.options],
                **{key: body[key] for key in _UPDATABLE if key in body},
            }
            new = self._checked(kind, whole, owned=old.hubspot_defined).changed(
                created=old.created, unique=old.unique, read_only=old.read_only, calculated=old.calculated
            )
            new = new.changed(hubspot_defined=old.hubspot_defined, extra={**old.extra, **_extra(body)})
            self._properties[kind.name][name] = new
            return new

    def archive(self, kind: ObjectType, name: str) -> None:
        """Move a property to the recycle bin; its values stay for the case that it is restored.

        Raises:
            ApiError: 400 for a built-in one. An unknown one is no error.
        """
        with self._lock:
            old = self.find(kind, name)
            if old is None:
                return
            if old.hubspot_defined:
                raise writing_refused(name)
            self._properties[kind.name][name] = old.changed(archived=True, updated=_now())

    def _checked(self, kind: ObjectType, body: Mapping[str, Any], *, owned: bool = False) -> Property:
        """A definition from a request's body."""
        missing = [key for key in ("name", "label", "type", "fieldType", "groupName") if not body.get(key)]
        if missing:
            raise validation(f"Some required fields were not set: [{', '.join(missing)}]")
        name, value_type, field_type = str(body["name"]), str(body["type"]), str(body["fieldType"])
        if not _NAME.match(name):
            raise validation(
                f"Property name '{name}' is invalid: names start with a letter and hold lowercase letters, numbers "
                "and underscores only, at most 100 characters."
            )
        if not owned and field_type not in _FIELD_TYPES.get(value_type, ()):
            raise validation(
                f"Property '{name}' has an invalid combination of type '{value_type}' and fieldType '{field_type}'."
            )
        group = self._groups[kind.name].get(str(body["groupName"]))
        if group is None or group.archived:
            raise validation(f"The group '{body['groupName']}' does not exist.")
        return Property(
            name,
            str(body["label"]),
            value_type,
            field_type,
            group.name,
            _options(name, value_type, body.get("options") or []),
            description=str(body.get("description") or ""),
            display_order=int(body.get("displayOrder", -1)),
            unique=bool(body.get("hasUniqueValue", False)),
            hidden=bool(body.get("hidden", False)),
            form_field=bool(body.get("formField", False)),
            hubspot_defined=False,
            extra=_extra(body),
            created=_now(),
            updated=_now(),
        )

    def groups(self, kind: ObjectType) -> list[Group]:
        """Groups of an object, by name."""
        with self._lock:
            return [group for _, group in sorted(self._groups[kind.name].items()) if not group.archived]

    def group(self, kind: ObjectType, name: str) -> Group:
        """One group.

        Raises:
            ApiError: 404.
        """
        found = self._groups[kind.name].get(name)
        if found is None or found.archived:
            raise not_found(f"The group '{name}' does not exist.")
        return found

    def create_group(self, kind: ObjectType, body: Mapping[str, Any]) -> Group:
        """Create a group.

        Raises:
            ApiError: 400 without name or label, 409 if the name is taken.
        """
        if missing := [key for key in ("name", "label") if not body.get(key)]:
            raise validation(f"Some required fields were not set: [{', '.join(missing)}]")
        with self._lock:
            name = str(body["name"])
            old = self._groups[kind.name].get(name)
            if old is not None and not old.archived:
                raise ApiError(
                    409,
                    "OBJECT_ALREADY_EXISTS",
                    f"A property group named '{name}' already exists.",
                    extra={"subCategory": "Properties.GROUP_WITH_NAME_EXISTS"},
                )
            group = Group(name, str(body["label"]), int(body.get("displayOrder", -1)))
            self._groups[kind.name][name] = group
            return group

    def archive_group(self, kind: ObjectType, name: str) -> None:
        """Archive an empty group.

        Raises:
            ApiError: 404, or 400 if it holds active properties.
        """
        group = self.group(kind, name)
        if any(each.group == name for each in self.all(kind)):
            raise validation(f"The group '{name}' still contains properties and cannot be archived.")
        group.archived = True


def missing_property(name: str) -> ApiError:
    """A property that is unknown, archived or hidden."""
    return not_found(f"A property named '{name}' does not exist.")


def _extra(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: body[key] for key in _EXTRA if body.get(key) is not None}


def _options(name: str, value_type: str, given: Iterable[Mapping[str, Any]]) -> tuple[Option, ...]:
    options = []
    for number, each in enumerate(given):
        if "value" not in each or "label" not in each:
            raise validation(f"Every option of property '{name}' needs a label and a value.")
        options.append(
            Option(
                str(each["value"]),
                str(each["label"]),
                int(each.get("displayOrder", number)),
                bool(each.get("hidden", False)),
                each.get("description"),
            )
        )
    if value_type not in ("enumeration", "bool"):
        return ()
    for what, texts in (("values", [o.value for o in options]), ("labels", [o.label for o in options])):
        if len(set(texts)) < len(texts):
            raise validation(f"Property option {what} of '{name}' must be unique.")
    if value_type == "bool" and {option.value for option in options} != {"true", "false"}:
        raise validation(f"Boolean property '{name}' must have exactly two options: 'true' and 'false'.")
    if not options:
        raise validation(f"Property '{name}' is an enumeration and needs options.")
    return tuple(options)


def _now() -> str:
    return iso(datetime.now(UTC))
