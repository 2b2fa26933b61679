from datetime import date
from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest

from connector.conditions import holds, measured_holds
from connector.crm import FieldType
from connector.mapping.model import FieldCondition, MeasuredCondition
from connector.windows import days

SCHEMA = {
    "Text": FieldType.TEXT,
    "Number": FieldType.NUMBER,
    "Flag": FieldType.BOOLEAN,
    "Day": FieldType.DATE,
}
DAY = date(2026, 5, 31)
RECORD: dict[str, Any] = {"Text": " Customer ", "Number": 5.0, "Flag": True, "Day": days(DAY)}
EMPTY: dict[str, Any] = {"Text": "  ", "Number": float("nan"), "Flag": None, "Day": None}


def frame(backend: str, *rows: dict[str, Any]) -> nw.LazyFrame[Any]:
    types = [("Text", pa.string()), ("Number", pa.float64()), ("Flag", pa.bool_()), ("Day", pa.int32())]
    return nw.from_native(pa.Table.from_pylist(list(rows), schema=pa.schema(types)), eager_only=True).lazy(
        backend=backend
    )


def passes(backend: str, row: dict[str, Any], **condition: Any) -> bool:
    test = holds(FieldCondition.model_validate(condition), SCHEMA).alias("x")
    found: bool = frame(backend, row).with_columns(test).collect()["x"][0]
    return found


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "Text", "in": ["other", "CUSTOMER"]}, {"field": "Text", "equals": "customer"},
        {"field": "Text", "not_in": ["other"]}, {"field": "Text", "above": "CUST"}, {"field": "Text", "is_set": True},
        {"field": "Number", "equals": 5}, {"field": "Number", "in": ["5.0", 7]}, {"field": "Number", "above": 4.9},
        {"field": "Number", "below": "5.1"}, {"field": "Number", "not_in": [True]}, {"field": "Flag", "equals": True},
        {"field": "Flag", "in": ["TRUE"]}, {"field": "Flag", "not_in": [1]}, {"field": "Day", "equals": "2026-05-31"},
        {"field": "Day", "above": "2026-05-30"}, {"field": "Day", "above": "2026-05"},
        {"field": "Day", "below": "2026-06"},
        {"field": "Day", "is_set": True}, {"field": "Nowhere", "not_in": ["x"]}, {"field": "Nowhere", "is_set": False},
    ],
)  # fmt: skip
def test_what_a_record_passes(backend: str, condition: dict[str, Any]) -> None:
    assert passes(backend, RECORD, **condition) is True


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "Text", "in": ["other"]}, {"field": "Text", "not_in": ["customer"]},
        {"field": "Text", "below": "customer"},
        {"field": "Text", "above": 3}, {"field": "Text", "equals": 5}, {"field": "Number", "above": 5},
        {"field": "Number", "equals": True}, {"field": "Number", "above": "five"}, {"field": "Number", "is_set": False},
        {"field": "Flag", "equals": False}, {"field": "Flag", "equals": 1}, {"field": "Flag", "above": 0},
        {"field": "Day", "above": "2026-05-31"}, {"field": "Day", "below": "2026-05-31"},
        {"field": "Day", "below": "2026-05"},
        {"field": "Day", "equals": "31.5.2026"}, {"field": "Nowhere", "in": ["x"]},
        {"field": "Nowhere", "is_set": True},
    ],
)  # fmt: skip
def test_what_a_record_fails(backend: str, condition: dict[str, Any]) -> None:
    assert passes(backend, RECORD, **condition) is False


@pytest.mark.parametrize("field", list(SCHEMA))
def test_an_empty_field_passes_not_in_and_not_set_alone(backend: str, field: str) -> None:
    assert passes(backend, EMPTY, field=field, not_in=["x"]) is True
    assert passes(backend, EMPTY, field=field, is_set=False) is True
    for condition in ({"in": ["x"]}, {"equals": "x"}, {"above": "a"}, {"below": "z"}, {"is_set": True}):
        assert passes(backend, EMPTY, field=field, **condition) is False


def test_numbers_and_flags_in_texts(backend: str) -> None:
    assert passes(backend, {**RECORD, "Text": " 7.0"}, field="Text", equals=7)
    assert passes(backend, {**RECORD, "Text": "8e1"}, field="Text", above=79)
    assert passes(backend, {**RECORD, "Text": "True"}, field="Text", equals=True)


@pytest.mark.parametrize(
    ("condition", "known", "missing"),
    [
        ({"above": 4}, True, False),
        ({"not_in": [5]}, False, False),
        ({"not_in": [6]}, True, False),
        ({"is_set": False}, False, True),
    ],
)
def test_a_measured_condition_on_a_missing_value_fails(
    backend: str, condition: dict[str, Any], known: bool, missing: bool
) -> None:
    test = measured_holds(
        MeasuredCondition.model_validate({"measure": "won_count", **condition}), nw.col("Number")
    )
    found = frame(backend, RECORD, {**RECORD, "Number": None}).with_columns(x=test).collect()["x"].to_list()
    assert found == [known, missing]
