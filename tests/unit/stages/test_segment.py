from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.mapping import Mapping
from connector.reference import References
from connector.stages.segment import segment
from connector.tables import History
from tests.unit.stages.portfolio import mapping_of, rows_of, scored

AS_OF = date(2026, 11, 24)
DAY = (AS_OF - date(1970, 1, 1)).days
ZONES = ("protect", "develop", "maintain", "retreat")


def placed(
    backend: str,
    accounts: list[dict[str, Any]],
    mapping: Mapping | None = None,
    history: History | None = None,
    references: References | None = None,
) -> list[dict[str, Any]]:
    mapping = mapping or mapping_of()
    accounts = [{"id": f"{place:03}", **account} for place, account in enumerate(accounts)]
    frame = scored(backend, accounts, mapping)
    return rows_of(segment(frame, mapping, AS_OF, history or History(), references or References("2026Q4")))


def before(*rows: tuple[str, str | None, int | None]) -> History:
    ids, zones, days = zip(*rows, strict=True)
    since = pa.array(days, pa.int32())
    zone = pa.array(zones, pa.string())
    columns = {
        "id": pa.array(ids),
        "zone": zone,
        "zone_since": since,
        "segment": zone,
        "segment_since": since,
    }
    return History(zones=pa.table(columns), first_run=False)


@pytest.mark.parametrize(
    ("p", "a", "zone"),
    [
        (50, 50, "protect"),
        (50, 49, "develop"),
        (49, 50, "maintain"),
        (49, 49, "retreat"),
        (100, 0, "develop"),
    ],
)
def test_a_score_on_the_threshold_is_high(backend: str, p: int, a: int, zone: str) -> None:
    (row,) = placed(backend, [{"p": p, "a": a}])
    assert (row["zone"], row["segment"], row["confidence"]) == (zone, zone, "firm")
    assert (row["zone_since"], row["segment_since"]) == (DAY, DAY)


@pytest.mark.parametrize(
    ("was", "p", "a", "zone"),
    [
        ("protect", 45, 45, "protect"),  # high stays high down to 50 - 5
        ("protect", 44, 45, "maintain"),
        ("retreat", 54, 54, "retreat"),  # low becomes high at 50 + 5
        ("retreat", 55, 54, "develop"),
        ("develop", 45, 54, "develop"),
        ("maintain", 54, 45, "maintain"),
        ("maintain", 55, 44, "develop"),
        ("unrated", 50, 49, "develop"),  # the plain threshold
        (None, 49, 50, "maintain"),
    ],
)
def test_hysteresis_holds_an_account_on_its_side(
    backend: str, was: str | None, p: int, a: int, zone: str
) -> None:
    (row,) = placed(backend, [{"p": p, "a": a}], history=before(("000", was, 20_000)))
    assert row["zone"] == zone
    assert row["zone_since"] == (20_000 if was == zone else DAY)
    assert row["from_zone"] == was


def test_an_account_new_to_the_history_takes_the_plain_threshold(backend: str) -> None:
    old, new = placed(
        backend,
        [{"p": 46, "now:segment": "protect"}, {"p": 46, "now:segment": "protect"}],
        history=before(("000", "protect", 20_000)),
    )
    assert (old["segment"], new["segment"]) == ("protect", "maintain")
    assert (old["segment_since"], new["segment_since"], new["from_segment"]) == (20_000, DAY, None)


def test_before_the_first_run_the_crm_is_the_history(backend: str) -> None:
    held, undated, foreign = placed(
        backend,
        [
            {"p": 46, "now:segment": "protect", "now:segment_since": 19_000},
            {"p": 46, "now:segment": "protect"},
            {"p": 46, "now:segment": "A customer", "now:segment_since": 19_000},
        ],
    )
    assert (held["segment"], held["segment_since"], held["from_zone"]) == ("protect", 19_000, "protect")
    assert (undated["segment"], undated["segment_since"]) == ("protect", DAY)
    assert (foreign["segment"], foreign["segment_since"], foreign["from_segment"]) == ("maintain", DAY, None)


def test_without_a_target_for_the_segment_the_crm_tells_nothing(backend: str) -> None:
    (row,) = placed(backend, [{"p": 46}], mapping_of(write={"why": "Why"}))
    assert (row["segment"], row["from_zone"]) == ("maintain", None)
    (undated,) = placed(backend, [{"p": 46, "now:segment": "protect"}], mapping_of(write={"segment": "Zone"}))
    assert (undated["segment"], undated["segment_since"]) == ("protect", DAY)


@pytest.mark.parametrize(
    ("dimension", "coverage", "segment_"),
    [
        ("potential", 0.499999, "unrated"),
        ("attractiveness", 0.499999, "unrated"),
        ("potential", 0.5, "protect"),
    ],
)
def test_too_little_data_is_not_rated(backend: str, dimension: str, coverage: float, segment_: str) -> None:
    (row,) = placed(backend, [{f"coverage:{dimension}": coverage}])
    assert row["segment"] == segment_
    assert row["confidence"] == (None if segment_ == "unrated" else "firm")


def test_no_score_at_all_is_not_rated_even_without_a_minimum(backend: str) -> None:
    mapping = mapping_of(matrix={"min_coverage": 0, "protect_top_revenue": 0})
    (row,) = placed(
        backend, [{"p": None, "lo:potential": 0, "hi:potential": 100, "coverage:potential": 0.0}], mapping
    )
    assert row["segment"] == "unrated"


@pytest.mark.parametrize(
    ("changes", "confidence"),
    [
        ({"p": 60, "lo:potential": 45, "hi:potential": 70}, "firm"),
        ({"p": 60, "lo:potential": 44, "hi:potential": 70}, "provisional"),
        ({"a": 40, "lo:attractiveness": 30, "hi:attractiveness": 54}, "firm"),
        ({"a": 40, "lo:attractiveness": 30, "hi:attractiveness": 55}, "provisional"),
        ({"expired": True}, "provisional"),
    ],
)
def test_firm_means_that_missing_data_cannot_change_the_zone(
    backend: str,
    changes: dict[str, Any],
    confidence: str,
) -> None:
    (row,) = placed(backend, [changes])
    assert row["confidence"] == confidence


def test_bounds_are_judged_with_hysteresis(backend: str) -> None:
    account = {"p": 60, "lo:potential": 46, "hi:potential": 70}
    (new,) = placed(backend, [account])
    (held,) = placed(backend, [account], history=before(("000", "protect", 20_000)))
    assert (new["confidence"], held["confidence"]) == (
        "firm",
        "firm",
    )  # the second night says what the first said
    assert (new["firm:potential"], held["firm:potential"]) == (True, True)


def test_min_stay_days_delays_moves_between_rated_zones(backend: str) -> None:
    mapping = mapping_of(matrix={"min_stay_days": 30, "hysteresis": 0, "protect_top_revenue": 0})
    history = before(
        ("000", "protect", DAY - 29),
        ("001", "protect", DAY - 30),
        ("002", "protect", None),
        ("003", "unrated", DAY - 1),
        ("004", "protect", DAY - 1),
    )
    accounts: list[dict[str, Any]] = [{"p": 10} for _ in range(4)]
    rows = placed(backend, [*accounts, {"coverage:potential": 0.1}], mapping, history)
    assert [row["zone"] for row in rows] == ["protect", "maintain", "maintain", "maintain", "unrated"]
    assert [row["zone_since"] for row in rows] == [DAY - 29, DAY, DAY, DAY, DAY]


def test_outside_the_portfolio_nothing_is_placed(backend: str) -> None:
    (row,) = placed(backend, [{"member": False, "own": 10}], mapping_of(matrix={"protect_top_revenue": 1}))
    names = ("zone", "segment", "confidence", "segment_since", "zone_since", "firm:potential")
    assert [row[name] for name in names] == [None] * 6
    assert row["top_revenue"] is False


class TestTopRevenue:
    def flagged(self, backend: str, owns: list[int | None], share: float = 0.5) -> list[bool]:
        mapping = mapping_of(matrix={"protect_top_revenue": share})
        return [row["top_revenue"] for row in placed(backend, [{"own": own} for own in owns], mapping)]

    @pytest.mark.parametrize(
        ("owns", "share", "flags"),
        [
            ([60, 30, 10], 0.5, [True, False, False]),
            ([50, 30, 20], 0.5, [True, False, False]),  # 50 strictly larger is not below 50 of 100
            ([49, 31, 20], 0.5, [True, True, False]),
            ([40, 40, 20], 0.3, [True, True, False]),  # equal ones are in together
            ([40, None, -50, 0], 0.5, [True, False, False, False]),
            ([10, 20], 1.0, [True, True]),
            ([None, 0], 0.5, [False, False]),
            ([10, 20], 0.0, [False, False]),
        ],
    )
    def test_the_largest_that_make_up_the_share(
        self,
        backend: str,
        owns: list[int | None],
        share: float,
        flags: list[bool],
    ) -> None:
        assert self.flagged(backend, owns, share) == flags

    def test_the_flag_counts_as_high_potential_and_as_firm(self, backend: str) -> None:
        high, low = placed(
            backend,
            [
                {"own": 60, "p": 10, "lo:potential": 0, "hi:potential": 90, "a": 80},
                {"own": 50, "p": 10, "a": 20},
            ],
            mapping_of(matrix={"protect_top_revenue": 1}),
        )
        assert (high["zone"], high["segment"], high["confidence"]) == ("maintain", "protect", "firm")
        assert (low["zone"], low["segment"]) == ("retreat", "develop")

    def test_the_flag_stands_in_for_potential_that_nobody_rated(self, backend: str) -> None:
        no_potential, no_fit = placed(
            backend,
            [
                {
                    "own": 60,
                    "p": None,
                    "coverage:potential": 0.0,
                    "lo:potential": 0,
                    "hi:potential": 100,
                    "a": 80,
                },
                {"own": 60, "a": None, "coverage:attractiveness": 0.0},
            ],
            mapping_of(matrix={"protect_top_revenue": 1}),
        )
        assert (no_potential["zone"], no_potential["segment"]) == ("unrated", "protect")
        assert (no_potential["confidence"], no_potential["firm:potential"]) == ("provisional", True)
        assert no_fit["segment"] == "unrated"

    def test_the_set_is_frozen_for_the_quarter(self, backend: str) -> None:
        mapping = mapping_of(matrix={"protect_top_revenue": 0.5})
        first = References("2026Q4")
        placed(backend, [{"own": 60}, {"own": 40}], mapping, references=first)
        later = References("2026Q4", stored=first.all())
        rows = placed(backend, [{"own": 1}, {"own": 99}], mapping, references=later)
        assert [row["top_revenue"] for row in rows] == [True, False]
        assert later.fresh == {}
        edited = mapping_of(matrix={"protect_top_revenue": 0.4})
        rows = placed(backend, [{"own": 1}, {"own": 99}], edited, references=later)
        assert [row["top_revenue"] for row in rows] == [False, True]

    @settings(max_examples=30, deadline=None)
    @given(
        owns=st.lists(st.one_of(st.none(), st.integers(-5, 12)), min_size=1, max_size=12),
        share=st.sampled_from([0.1, 0.25, 0.5, 0.75, 1.0]),
    )
    def test_definition(self, backend: str, owns: list[int | None], share: float) -> None:
        paying = [own for own in owns if own is not None and own > 0]
        expected = [
            own is not None
            and own > 0
            and sum(other for other in paying if other > own) < share * sum(paying)
            for own in owns
        ]
        assert self.flagged(backend, owns, share) == expected


class TestSetByHand:
    def test_it_comes_last_and_beats_unrated(self, backend: str) -> None:
        by_score, unrated, flagged = placed(
            backend,
            [
                {"p": 90, "a": 90, "override": "retreat"},
                {"coverage:potential": 0.0, "override": "protect"},
                {"p": 10, "a": 80, "own": 60, "override": "maintain"},
            ],
            mapping_of(matrix={"protect_top_revenue": 1}),
        )
        assert (by_score["zone"], by_score["segment"], by_score["confidence"]) == (
            "protect",
            "retreat",
            "firm",
        )
        assert (unrated["zone"], unrated["segment"], unrated["confidence"]) == ("unrated", "protect", None)
        assert (flagged["zone"], flagged["segment"], flagged["top_revenue"]) == ("maintain", "maintain", True)

    def test_hysteresis_and_stay_work_on_the_computed_zone(self, backend: str) -> None:
        mapping = mapping_of(matrix={"min_stay_days": 30, "protect_top_revenue": 0})
        start = before(("000", "retreat", DAY - 40), ("001", "retreat", DAY - 10))
        accounts = [{"p": 54, "a": 54, "override": "protect"}, {"p": 90, "a": 90, "override": "protect"}]
        slack, early = placed(backend, accounts, mapping, start)
        assert (slack["zone"], slack["zone_since"]) == ("retreat", DAY - 40)
        assert (early["zone"], early["zone_since"]) == ("retreat", DAY - 10)
        assert (slack["segment"], slack["segment_since"]) == ("protect", DAY)

    def test_the_end_of_a_decision_is_a_move_back(self, backend: str) -> None:
        start = History(
            zones=pa.table(
                {
                    "id": ["000"],
                    "zone": ["maintain"],
                    "zone_since": pa.array([DAY - 90], pa.int32()),
                    "segment": ["protect"],
                    "segment_since": pa.array([DAY - 9], pa.int32()),
                }
            ),
            first_run=False,
        )
        (held,) = placed(backend, [{"p": 20, "override": "protect"}], history=start)
        (ended,) = placed(backend, [{"p": 20, "override": None}], history=start)
        assert (held["segment_since"], held["from_segment"]) == (DAY - 9, "protect")
        assert (ended["segment"], ended["segment_since"]) == ("maintain", DAY)
        assert (ended["zone_since"], held["zone_since"]) == (DAY - 90, DAY - 90)

    def test_outside_the_portfolio_nobody_sets_a_zone(self, backend: str) -> None:
        (row,) = placed(backend, [{"member": False, "override": None}])
        assert row["segment"] is None


P60 = {"threshold": {"potential": "p60", "attractiveness": 50}, "hysteresis": 0, "protect_top_revenue": 0}


class TestPercentileThresholds:
    def test_interpolated_over_the_rated_accounts_of_the_portfolio(self, backend: str) -> None:
        accounts: list[dict[str, Any]] = [
            {"p": p} for p in (10, 20, 30, 40)
        ]  # p60 = 10 + 0.6 * 3 steps of 10 = 28
        accounts += [{"p": 99, "coverage:attractiveness": 0.0}, {"p": 99, "member": False}]
        references = References("2026Q4")
        rows = placed(backend, accounts, mapping_of(matrix=P60), references=references)
        assert [row["segment"] for row in rows[:4]] == ["maintain", "maintain", "protect", "protect"]
        assert references.fresh == {}  # four are no measure for a quarter
        accounts = [{"p": p} for p in range(20)]
        placed(backend, accounts, mapping_of(matrix=P60), references=references)
        assert references.fresh["threshold:potential"].table.column("value").to_pylist() == [11.4]

    def test_who_is_rated_by_top_revenue_counts_where_he_has_a_score(self, backend: str) -> None:
        matrix = {**P60, "threshold": {"potential": 50, "attractiveness": "p50"}, "protect_top_revenue": 0.5}
        flagged = {"coverage:potential": 0.0, "p": None, "own": 1000}
        accounts = [{"p": 60, "a": a, "own": 1} for a in (20, 30)] + [{**flagged, "a": a} for a in (80, 90)]
        rows = placed(backend, accounts, mapping_of(matrix=matrix))  # p50 = 55
        assert [row["segment"] for row in rows] == ["develop", "develop", "protect", "protect"]

    def test_frozen_for_the_quarter(self, backend: str) -> None:
        references = References("2026Q4")
        mapping = mapping_of(matrix=P60)
        placed(backend, [{"p": 10}, {"p": 20}] * 10, mapping, references=references)  # 20
        (row,) = placed(
            backend, [{"p": 17}], mapping, references=References("2026Q4", stored=references.all())
        )
        assert row["segment"] == "maintain"

    def test_nobody_rated_freezes_nothing(self, backend: str) -> None:
        references = References("2026Q4")
        (row,) = placed(
            backend,
            [{"coverage:potential": 0.0}],
            mapping_of(matrix=P60),
            references=references,
        )
        assert row["segment"] == "unrated"
        assert references.fresh == {}


@settings(max_examples=40, deadline=None)
@given(
    accounts=st.lists(
        st.tuples(st.integers(0, 100), st.integers(0, 100), st.sampled_from([None, "unrated", *ZONES])),
        min_size=1,
        max_size=10,
    ),
    hysteresis=st.integers(0, 20),
)
def test_the_same_facts_again_move_nothing(
    backend: str,
    accounts: list[tuple[int, int, str | None]],
    hysteresis: int,
) -> None:
    mapping = mapping_of(matrix={"hysteresis": hysteresis, "protect_top_revenue": 0})
    points = [{"p": p, "a": a} for p, a, _ in accounts]
    start = before(*((f"{place:03}", zone, None) for place, (_, _, zone) in enumerate(accounts)))
    first = placed(backend, points, mapping, start)
    again = placed(
        backend, points, mapping, before(*((row["id"], row["zone"], row["zone_since"]) for row in first))
    )
    assert [row["zone"] for row in again] == [row["zone"] for row in first]
    assert [row["zone_since"] for row in again] == [row["zone_since"] for row in first]
    for row, (p, a, was) in zip(first, accounts, strict=True):
        expected = [p >= _border(was, ("protect", "develop"), hysteresis)]
        expected += [a >= _border(was, ("protect", "maintain"), hysteresis)]
        assert [row["zone"] in ("protect", "develop"), row["zone"] in ("protect", "maintain")] == expected


def _border(was: str | None, high: tuple[str, str], hysteresis: int) -> int:
    if was not in ZONES:
        return 50
    return 50 - hysteresis if was in high else 50 + hysteresis
