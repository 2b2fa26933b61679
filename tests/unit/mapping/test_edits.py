from __future__ import annotations

from typing import Any

import pytest

from connector.errors import MappingError
from connector.mapping.edits import edited, rewritten

DATA: dict[str, Any] = {
    "matrix": {"hysteresis": 5},
    "wallet": {"sources": ["activity", "model"]},
    "criteria": [
        {"id": "headroom", "weight": 40, "scale": {"kind": "log", "full": 1}},
        {"id": "demand", "first_of": [{"scale": {"full": 1}}, {"scale": {"full": 2}}]},
    ],
}


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("criteria.headroom.weight=30", lambda data: data["criteria"][0]["weight"] == 30),
        (
            "criteria[headroom].scale.full = 1_000.5",
            lambda data: data["criteria"][0]["scale"]["full"] == 1000.5,
        ),
        (
            "criteria[demand].first_of[2].scale.full=7",
            lambda data: data["criteria"][1]["first_of"][1]["scale"]["full"] == 7,
        ),
        ("wallet.sources[1]=peer_p80", lambda data: data["wallet"]["sources"] == ["peer_p80", "model"]),
        ('wallet.sources=["activity"]', lambda data: data["wallet"]["sources"] == ["activity"]),
        ("matrix.threshold.potential=p60", lambda data: data["matrix"]["threshold"] == {"potential": "p60"}),
        ("matrix.hysteresis=0", lambda data: data["matrix"]["hysteresis"] == 0),
        ("on=true", lambda data: data["on"] is True),
    ],
)
def test_a_setting_replaces_one_value(setting: str, found: Any) -> None:
    assert found(edited(DATA, [setting]))
    assert DATA["criteria"][0]["weight"] == 40
    assert DATA["matrix"] == {"hysteresis": 5}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "criteria.hedroom.weight=30",
            (
                "--set: criteria.hedroom: there is no 'hedroom'; "
                'there are "headroom", "demand"; did you mean "headroom"?'
            ),
        ),
        (
            "criteria.demand.first_of[3].scale.full=7",
            "--set: criteria.demand.first_of.3: there is no entry '3'; entries count from 1 to 2",
        ),
        ("matrix.hysteresis.more=1", "--set: matrix.hysteresis.more: leads into a value, not into a table"),
        (
            "matrix.hysteresis",
            "--set: matrix.hysteresis: is no setting; write it as criteria.headroom.weight=30",
        ),
        ("=5", "--set: =5: is no setting; write it as criteria.headroom.weight=30"),
    ],
)
def test_a_path_that_leads_nowhere_is_explained(setting: str, message: str) -> None:
    with pytest.raises(MappingError) as caught:
        edited(DATA, [setting])
    assert str(caught.value) == message


def test_a_file_keeps_everything_else() -> None:
    text = """# head
[[criteria]]
id = "size"            # why
scale = { kind = "log", zero = 10, full = 5_000 }  # ends
[criteria.anchors]
1 = "a"

[[criteria]]
id = "demand"
first_of = [
  { source = { field = "A" }, scale = { kind = "rating" } },   # first
  { source = { field = "B" }, scale = { kind = "log", zero = 1, full = 2 } },
]
"""
    changed = rewritten(
        text, ["criteria[size].scale.full=30_000", "criteria[demand].first_of[2].scale.zero=0.5"]
    )
    assert changed == text.replace("full = 5_000", "full = 30_000").replace(
        "zero = 1, full = 2", "zero = 0.5, full = 2"
    )
