"""What an import was asked to do: ``importRequest``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.sandbox.http import parsed
from adapters.sandbox.hubspot.errors import ApiError, validation
from adapters.sandbox.hubspot.store.schema import ObjectType

DATE_FORMATS: Final = ("MONTH_DAY_YEAR", "DAY_MONTH_YEAR", "YEAR_MONTH_DAY")
_OPERATIONS: Final = ("CREATE", "UPDATE", "UPSERT")
_ID_TYPES: Final = ("HUBSPOT_OBJECT_ID", "HUBSPOT_ALTERNATE_ID")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file.

    Attributes:
        name: its header.
        kind: whose property it holds.
        property: internal name; None for one that is left out.
        is_id: it holds the record's id.
    """

    name: str
    kind: ObjectType
    property: str | None
    is_id: bool


@dataclass(frozen=True, slots=True)
class FileSpec:
    """One file as the request describes it."""

    name: str
    has_header: bool
    columns: tuple[Column, ...]

    @property
    def kind(self) -> ObjectType:
        """The object that its rows are about."""
        return self.columns[0].kind


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """A checked request.

    Attributes:
        name: of the import.
        operations: CREATE, UPDATE or UPSERT by object; UPSERT if an object is missing.
        date_format: one of `DATE_FORMATS`.
        files: at least one.
        json: as it came.
    """

    name: str
    operations: Mapping[str, str]
    date_format: str
    files: tuple[FileSpec, ...]
    json: Mapping[str, Any]

    def operation(self, kind: ObjectType) -> str:
        """What happens to an object's rows."""
        return self.operations.get(kind.name, "UPSERT")


def parsed_request(text: str, writable: Callable[[str], ObjectType]) -> ImportRequest:
    """A request from its JSON; `writable` finds an object type that the caller may write.

    Raises:
        ApiError: 400, or what `writable` raises.
    """
    try:
        body = parsed(text.encode())
    except ValueError as error:
        raise ApiError(400, "VALIDATION_ERROR", f"Unable to parse JSON: {error}") from error
    if not isinstance(body, dict) or not body.get("name") or not body.get("files"):
        raise validation("Some required fields were not set: [name, files]")
    operations = {
        writable(str(name)).name: str(word) for name, word in (body.get("importOperations") or {}).items()
    }
    if unknown := set(operations.values()) - set(_OPERATIONS):
        raise validation(f"importOperations: unknown {', '.join(sorted(unknown))}.")
    date_format = str(body.get("dateFormat") or DATE_FORMATS[0])
    if date_format not in DATE_FORMATS:
        raise validation(f"dateFormat {date_format} is not one of {', '.join(DATE_FORMATS)}.")
    files = tuple(_file(each, writable) for each in body["files"])
    return ImportRequest(str(body["name"]), operations, date_format, files, body)


def _file(given: Mapping[str, Any], writable: Callable[[str], ObjectType]) -> FileSpec:
    if str(given.get("fileFormat", "CSV")) != "CSV":
        raise validation(f"fileFormat {given.get('fileFormat')}: this portal reads CSV only.")
    page = given.get("fileImportPage") or {}
    mappings = page.get("columnMappings")
    if not given.get("fileName") or not mappings:
        raise validation("A file needs a fileName and fileImportPage.columnMappings.")
    columns = tuple(_column(each, writable) for each in mappings)
    if len({column.kind.name for column in columns}) > 1:
        raise validation("Files with several objects are not supported by this portal.")
    return FileSpec(str(given["fileName"]), page.get("hasHeader") is not False, columns)


def _column(given: Mapping[str, Any], writable: Callable[[str], ObjectType]) -> Column:
    # Older requests say columnObjectType and idColumnType.
    name = given.get("columnObjectTypeId") or given.get("columnObjectType")
    if not name or "columnName" not in given:
        raise validation("A column mapping needs columnObjectTypeId and columnName.")
    id_type = given.get("columnType") or given.get("idColumnType")
    if id_type not in (None, "STANDARD", *_ID_TYPES):
        raise validation(f"columnType {id_type} is not supported by this portal.")
    if id_type == _ID_TYPES[1]:
        raise validation("This portal knows records by their id only: use HUBSPOT_OBJECT_ID.")
    ignored = given.get("ignored") is True
    found = None if ignored or given.get("propertyName") is None else str(given["propertyName"])
    return Column(str(given["columnName"]), writable(str(name)), found, id_type == _ID_TYPES[0])
