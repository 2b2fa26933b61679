from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from connector.mapping import Mapping, load
from connector.mapping.model import Scale
from connector.reports.anchors import STEPS, anchors, scale_in_words, values
from connector.reports.rating_matrix import Heading, RatingMatrix, page, rating_matrix
from connector.reports.versions import Changed, history
from connector.store import Version
from connector.texts import segment_labels
from tests.oracle.scales import scaled
from tests.unit.measures.pulled import mapping_of

SHIPPED = Path(__file__).parents[3] / "mappings"
HEADING = Heading("acme", "salesforce.toml", "abcdef12", in_force=True, printed=date(2026, 11, 24))


def scale_of(**given_scale: Any) -> Any:
    return TypeAdapter(Scale).validate_python(given_scale)


NUMBERS = st.floats(0.01, 1e7).map(lambda value: float(f"{value:.3g}"))
SCALES = st.one_of(
    st.tuples(NUMBERS, NUMBERS).filter(lambda ends: abs(ends[0] - ends[1]) > 0.2 * max(ends)).map(
        lambda ends: scale_of(kind="linear", zero=ends[0], full=ends[1])
    ),
    st.tuples(NUMBERS, st.floats(20, 1e4)).map(
        lambda ends: scale_of(kind="log", zero=ends[0], full=(ends[0] + 1) * ends[1])
    ),
    st.floats(5, 5_000).map(lambda days: scale_of(kind="half_life", days=days)),
    NUMBERS.map(lambda half: scale_of(kind="saturating", half_at=half)),
)  # fmt: skip


@given(SCALES)
def test_the_values_of_the_steps_get_their_points(scale: Any) -> None:
    found = values(scale)
    assert [points for points, _ in found] == [step for step in STEPS if step in dict(found)]
    for points, value in found:
        got = scaled(value, scale)
        assert got is not None
        assert got == pytest.approx(points, abs=6)  # values are rounded for people


def told(
    scale: dict[str, Any], language: str = "en", source: dict[str, Any] | None = None, **criterion: Any
) -> tuple[str, list[Any]]:
    mapping = mapping_of(
        {"source": source or {"field": "Size"}, "scale": scale, **criterion}, language=language
    )
    one = mapping.criteria[0]
    return scale_in_words(one.rungs[0], mapping), anchors(one, one.rungs[0], mapping)


@pytest.mark.parametrize(
    ("scale", "phrase", "steps"),
    [
        (
            {"kind": "bands", "edges": [10, 50], "scores": [100, 40, 0]},
            "by band",
            [(0, "from 50"), (40, "from 10"), (100, "below 10")],
        ),
        (
            {"kind": "lookup", "scores": {"A": 100, "B": 20}},
            "by value",
            [(20, "B"), (100, "A"), (None, "anything else: unknown")],
        ),
        (
            {"kind": "lookup", "scores": {"A": 100}, "other": 30},
            "by value",
            [(100, "A"), (30, "anything else")],
        ),
        ({"kind": "boolean", "yes": 10, "no": 90}, "yes or no", [(10, "yes"), (90, "no")]),
        (
            {"kind": "half_life", "days": 90},
            "halves every 90 days",
            [(25, "180 days"), (50, "90 days"), (75, "37 days"), (100, "today")],
        ),
        (
            {"kind": "saturating", "half_at": 10},
            "50 at 10, nearing 100",
            [(0, "0"), (25, "4.15"), (50, "10"), (75, "20")],
        ),
        (
            {"kind": "percentile", "by": "industry", "reverse": True},
            "rank among its peers by industry",
            [(0, "the highest"), (50, "in the middle"), (100, "the lowest")],
        ),
        (
            {"kind": "rating", "worst": 5, "best": 1, "centre_by": "owner"},
            "rated 5 (worst) to 1 (best), centred by owner",
            [(0, "5"), (25, "4: cool"), (50, "3"), (75, "2"), (100, "1")],
        ),
    ],
)
def test_every_kind_of_scale(scale: dict[str, Any], phrase: str, steps: list[Any]) -> None:
    extra = {"anchors": {"4": {"en": "cool", "de": "kühl"}}} if scale["kind"] == "rating" else {}
    assert told(scale, **extra) == (phrase, steps)
    german = told(scale, "de", **extra)
    assert (german[0] == phrase, [points for points, _ in german[1]]) == (
        False,
        [points for points, _ in steps],
    )


def matrix(mapping: Mapping, **given_facts: Any) -> RatingMatrix:
    return rating_matrix(mapping, HEADING, segment_labels(mapping), **given_facts)


def versions() -> list[Version]:
    start = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    first = {
        "criteria": [{"id": "a", "weight": 40.0, "scale": {"edges": [1, 2]}}, {"id": "b"}],
        "language": "de",
    }
    second = {
        "criteria": [{"id": "b"}, {"id": "a", "weight": 30.0, "scale": {"edges": [1, 3]}}],
        "write": {"why": "W"},
    }
    contents = [first, second, second]
    return [
        Version(f"{number}", start + timedelta(days=number), f"anna@host{number}", json.dumps(content))
        for number, content in enumerate(contents)
    ]


def test_who_changed_what_since_when() -> None:
    again, changed, first = history(versions())
    assert (first.who, first.changes, again.changes) == ("anna@host0", (), ())
    assert [str(change) for change in changed.changes] == [
        "criteria[a].weight: 40 → 30",
        "criteria[a].scale.edges: 1, 2 → 1, 3",
        "write.why: W",
        "language: de → –",
    ]
    assert changed.since.date() == date(2026, 1, 3)
    assert history([]) == []


@pytest.mark.parametrize("file", ["salesforce", "hubspot", "salesforce-minimal"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_ready_mappings_fit_on_the_page(file: str, language: str) -> None:
    mapping = load(SHIPPED / f"{file}.toml").model_copy(update={"language": language})
    found = matrix(mapping, changes=history(versions()))
    data = json.loads(json.dumps(found.as_json(), default=str))
    rows = [row for part in data["dimensions"] for row in part["criteria"]]
    assert [row["id"] for row in rows] == [
        one.id for name in ("potential", "attractiveness") for one in mapping.of(name)
    ]
    for part in data["dimensions"]:
        assert sum(row["share"] for row in part["criteria"]) == pytest.approx(100, abs=0.5)
    assert all(way["anchors"] for row in rows for way in row["ways"])
    html = page(found, mapping)
    for row in rows:
        assert row["label"] in html
        assert all(way["measured"] in html for way in row["ways"])
    assert ("In Kraft seit" if language == "de" else "In force since") in html
    assert "criteria[a].weight: 40 → 30" in html
    assert "http" not in html.replace("http-equiv", "")
    assert ("Datum" if language == "de" else "Date") in html


def test_a_percentile_is_shown_with_the_points_in_force() -> None:
    data = load(SHIPPED / "salesforce.toml").model_dump(by_alias=True, exclude_none=True)
    mapping = Mapping.model_validate(
        data | {"matrix": {"threshold": {"potential": "p60", "attractiveness": 45}}}
    )
    found = matrix(mapping, borders={"potential": 52.4})
    assert [(part.threshold, part.border) for part in found.dimensions] == [("p60", 52.4), ("45", None)]
    assert "p60 (now 52.4)" in page(found, mapping)


def test_hostile_words_are_escaped() -> None:
    mapping = mapping_of({"label": "<script>x</script>", "source": {"field": "Size"}})
    html = page(matrix(mapping, changes=[Changed(datetime.now(UTC), "<b>", ())]), mapping)
    assert "<script>" not in html
    assert "<b>" not in html.split("sign")[0].replace("<b>–", "").replace("<b>0", "") or "&lt;b&gt;" in html
