from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import pyarrow as pa
from pydantic import TypeAdapter

from connector import scales
from connector.mapping.model import Scale

SCALE: TypeAdapter[Any] = TypeAdapter(Scale)


def _values(backend: str, values: Sequence[Any], expression: nw.Expr) -> list[Any]:
    kind = pa.string() if any(isinstance(each, str) for each in values) else pa.float64()
    if any(isinstance(each, bool) for each in values):
        kind = pa.bool_()
    table = pa.table({"position": list(range(len(values))), "x": pa.array(values, kind)})
    frame = nw.from_native(table, eager_only=True).lazy(backend=backend)
    found: list[Any] = (
        frame.select("position", expression.alias("y")).sort("position").collect()["y"].to_list()
    )
    return found


def exact(backend: str, scale: dict[str, Any], *values: Any) -> list[Any]:
    """Scores before rounding."""
    model = SCALE.validate_python(scale)
    return _values(backend, values, scales.SCALES[model.kind](model, scales.ready(model, nw.col("x"))))


def points(backend: str, scale: dict[str, Any], *values: Any, multi: bool = False) -> list[Any]:
    """Scores in whole points."""
    model = SCALE.validate_python(scale)
    score = scales.score(model, scales.ready(model, nw.col("x")), multi=multi)
    return _values(backend, values, scales.points(score))
