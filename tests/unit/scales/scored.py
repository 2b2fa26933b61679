from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import pyarrow as pa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from connector import scales
from connector.mapping.model import Rung, Scale
from connector.reference import References
from connector.scales.portfolio import placed

SCALE: TypeAdapter[Any] = TypeAdapter(Scale)
some = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""Each example holds many values, so that few examples say much."""
numbers = st.floats(-1e15, 1e15, allow_nan=False)
many = st.lists(numbers, min_size=2, max_size=40)


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


def among(
    backend: str,
    scale: dict[str, Any],
    values: Sequence[float | None],
    *,
    members: Sequence[bool] | None = None,
    by: Sequence[str | None] | None = None,
    owner: Sequence[str | None] | None = None,
    references: References | None = None,
) -> list[Any]:
    """Scores before rounding, of accounts of which some make up the portfolio; all of them unless said otherwise."""
    rung = Rung.model_validate({"source": {"field": "X"}, "scale": scale})
    nobody = [None] * len(values)
    table = pa.table(
        {
            "id": [f"{place:04}" for place in range(len(values))],
            "member": pa.array(members or [True] * len(values), pa.bool_()),
            "owner": pa.array(owner or nobody, pa.string()),
            "by:x:0": pa.array(by or nobody, pa.string()),
            "raw:x:0": pa.array(values, pa.float64()),
        }
    )
    frame = nw.from_native(table, eager_only=True).lazy(backend=backend)
    frame = frame.with_columns(scales.ready(rung.scale, nw.col("raw:x:0")).alias("x"))
    frame = placed(frame, "x", "x:0", rung, "fingerprint", references or References("2026Q2"))
    found = frame.select("id", scales.SCALES[rung.scale.kind](rung.scale, nw.col("x")).alias("y"))
    scores: list[Any] = found.sort("id").collect()["y"].to_list()
    return scores
