"""Spark agrees with the oracle on what accounts are rated, and with Polars on what the CRM is told."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest

from connector.mapping import Mapping
from connector.stages.campaign import campaign
from connector.stages.diff import diff
from connector.stages.word import word
from connector.tables import Frame, Membership
from connector.windows import days
from tests.oracle.compared import AS_OF, Portfolio, assert_agree, by_id, expect, zoned_on
from tests.oracle.spark import spark
from tests.oracle.test_agreement import criteria

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with spark(tmp_path_factory.mktemp("spark")) as found:
        yield found


def told(zoned: Frame, mapping: Mapping, members: list[str]) -> dict[str, dict[str, Any]]:
    """What the CRM is told of every account; some are members of a campaign."""
    tags = pa.table({"id": members, "tag": ["2026Q4 Access"] * len(members)})
    return by_id(diff(word(campaign(zoned, Membership(tags)), mapping), mapping))


def test_the_shipped_mapping_from_map_to_diff(portfolio: Portfolio, session: Any) -> None:
    mapping = portfolio.mapping
    zoned: Frame = nw.from_native(
        zoned_on(portfolio, mapping, "pyspark", session=session).to_native().cache()
    )
    rows = by_id(zoned)
    assert_agree(rows, expect(portfolio, mapping), mapping)
    members = sorted(key for key, row in rows.items() if row["member"])[::7]
    found = told(zoned, mapping, members)
    assert found == told(zoned_on(portfolio, mapping, "polars"), mapping, members)
    assert sum(row["change"] is not None for row in found.values()) > 500


def test_with_a_history_and_percentile_thresholds(portfolio: Portfolio, session: Any) -> None:
    data = portfolio.mapping.model_dump(by_alias=True, exclude_none=True)
    data["matrix"] |= {"threshold": {"potential": "p35", "attractiveness": "p70"}, "min_stay_days": 60}
    mapping = Mapping.model_validate({**data, "criteria": data["criteria"][:2] + data["criteria"][3:5]})
    names = sorted(row["@id"] for row in portfolio.rows()["accounts"])
    zones = dict(zip(names[::2], cycle(["protect", "develop", "maintain", "retreat", "unrated"])))
    since = {key: days(AS_OF) - age for key, age in zip(zones, cycle([1, 59, 60, 61, 400]))}
    rows = by_id(zoned_on(portfolio, mapping, "pyspark", zones, since=since, session=session))
    assert_agree(rows, expect(portfolio, mapping, zones, since=since), mapping)


def test_every_measure_and_scale(portfolio: Portfolio, session: Any) -> None:
    data = portfolio.mapping.model_dump(by_alias=True, exclude_none=True)
    mapping = Mapping.model_validate({**data, "criteria": criteria(portfolio.crm), "write": {}})
    rows = by_id(zoned_on(portfolio, mapping, "pyspark", session=session))
    assert_agree(rows, expect(portfolio, mapping), mapping)
