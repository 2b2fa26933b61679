"""What a query's columns are, for clients that ask with ``columns=true`` instead of reading records."""

from __future__ import annotations

from typing import Any

from adapters.sandbox.salesforce.sql import Output, Statement

_APEX_TYPES = {
    "id": "Id",
    "reference": "Id",
    "boolean": "Boolean",
    "int": "Integer",
    "double": "Double",
    "currency": "Double",
    "percent": "Double",
    "date": "Date",
    "datetime": "Datetime",
    "address": "Address",
}
_NUMBERS = ("Integer", "Double")


def metadata(statement: Statement) -> dict[str, Any]:
    """The answer: columns as a tree, a parent's fields below the parent."""
    columns: list[dict[str, Any]] = []
    for output in statement.outputs:
        level = columns
        for name in output.path[:-1]:
            level = _parent(level, name)
        level.append(_column(output, statement))
    return {
        "columnMetadata": columns,
        "entityName": statement.target.name,
        "groupBy": bool(statement.group),
        "idSelected": any(output.path == ("Id",) for output in statement.outputs),
        "keyPrefix": statement.target.prefix,
    }


def _parent(level: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The columns below a parent, which is added if it is new."""
    known = next((column for column in level if column["columnName"] == name and column["joinColumns"]), None)
    if known is None:
        known = {**_described(name, name, "Object"), "foreignKeyName": name}
        level.append(known)
    below: list[dict[str, Any]] = known["joinColumns"]
    return below


def _column(output: Output, statement: Statement) -> dict[str, Any]:
    name = output.path[-1]
    each = output.target.find(name)
    aggregate = statement.aggregate and len(output.path) == 1 and output.function is not None
    shown = output.function if aggregate and output.function else name
    return {
        **_described(name, shown, _APEX_TYPES.get(output.kind, "String")),
        "aggregate": aggregate,
        "custom": bool(each and each.custom),
        "insertable": bool(each and each.createable) and not aggregate,
        "updatable": bool(each and each.updateable) and not aggregate,
    }


def _described(name: str, shown: str, apex: str) -> dict[str, Any]:
    return {
        "aggregate": False,
        "apexType": apex,
        "booleanType": apex == "Boolean",
        "columnName": name,
        "custom": False,
        "displayName": shown,
        "foreignKeyName": None,
        "insertable": False,
        "joinColumns": [],
        "numberType": apex in _NUMBERS,
        "textType": apex == "String",
        "updatable": False,
    }
