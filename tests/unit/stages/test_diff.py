from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.mapping import Mapping
from connector.stages.diff import changes, diff
from tests.unit.stages.portfolio import FIELDS, mapping_of, opened, rows_of

WHY = "Key account: potential {}, attractiveness {}. Strong: Future demand 90. Next: keep the best care."
HELD: dict[str, Any] = {
    "segment": "protect",
    "segment_since": 20_000,
    "potential": 70.0,
    "attractiveness": 60.0,
    "coverage": 100.0,
    "confidence": "firm",
    "why": WHY.format(70, 60),
    "next_step": "Keep the best care.",
    "campaigns": None,
    "headroom": 10_000.0,
    "share_of_wallet": 40.0,
    "revenue_flag": False,
    "criteria:access": 20.0,
}
NOTHING: dict[str, Any] = dict.fromkeys(HELD)


def account(now: dict[str, Any], out: dict[str, Any], **facts: Any) -> dict[str, Any]:
    row = {
        "id": "a",
        "member": True,
        "pilot": True,
        "from_segment": now["segment"],
        "segment": out["segment"],
        **facts,
    }
    return row | {f"now:{key}": now[key] for key in HELD} | {f"out:{key}": out[key] for key in HELD}


def compared(
    backend: str,
    rows: list[dict[str, Any]],
    mapping: Mapping | None = None,
    *,
    refresh: bool = False,
) -> list[dict[str, Any]]:
    return rows_of(diff(opened(backend, rows), mapping or mapping_of(), refresh=refresh))


def sent(row: dict[str, Any]) -> set[str]:
    return {name.removeprefix("send:") for name in row if name.startswith("send:") and row[name]}


def only(backend: str, out: dict[str, Any], now: dict[str, Any] | None = None, **kwargs: Any) -> set[str]:
    (row,) = compared(backend, [account(now or HELD, {**HELD, **out})], **kwargs)
    assert (row["change"] is None) == (not sent(row))
    return sent(row)


def test_what_the_crm_holds_is_not_written_again(backend: str) -> None:
    (row,) = compared(backend, [account(HELD, HELD)])
    assert (sent(row), row["change"]) == (set(), None)
    assert {key: row[f"written:{key}"] for key in HELD} == HELD


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("segment", "develop"),
        ("confidence", "provisional"),
        ("campaigns", "2026Q4 access"),
        ("revenue_flag", True),
        ("next_step", "Call."),
        ("potential", 73.0),
        ("potential", 67.0),
        ("attractiveness", 63.0),
        ("coverage", 97.0),
        ("share_of_wallet", 43.0),
        ("criteria:access", 23.0),
        ("headroom", 10_500.0),
        ("headroom", 9_500.0),
        ("potential", None),
        ("headroom", None),
        ("why", None),
        ("segment_since", None),
    ],
)
def test_reasons_to_write(backend: str, key: str, value: Any) -> None:
    assert only(backend, {key: value}) == {key}


@pytest.mark.parametrize(
    "key", [key for key, value in HELD.items() if value is not None and key != "revenue_flag"]
)
def test_an_empty_field_is_filled(backend: str, key: str) -> None:
    (row,) = compared(backend, [account({**HELD, key: None}, HELD)])
    assert (sent(row), row[f"written:{key}"]) == ({key}, HELD[key])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("segment_since", 20_001),
        ("potential", 72.0),
        ("attractiveness", 58.0),
        ("coverage", 98.0),
        ("share_of_wallet", 42.0),
        ("criteria:access", 18.0),
        ("headroom", 10_499.0),
        ("headroom", 9_501.0),
    ],
)
def test_small_changes_stay_until_there_is_a_reason(backend: str, key: str, value: Any) -> None:
    assert only(backend, {key: value}) == set()
    assert only(backend, {key: value}, refresh=True) == {key}
    assert only(backend, {key: value, "confidence": "provisional"}) == {key, "confidence"}


@pytest.mark.parametrize(
    ("old", "new", "written"),
    [(0.0, 1.0, True), (140.0, 147.0, True), (140.0, 146.0, False), (0.0, 0.0, False)],
)
def test_money_is_judged_by_what_is_there(backend: str, old: float, new: float, written: bool) -> None:
    sent_ = only(backend, {"headroom": new}, {**HELD, "headroom": old})
    assert sent_ == ({"headroom"} if written else set())


def test_min_change_is_a_setting(backend: str) -> None:
    strict = mapping_of(write={**FIELDS, "criteria": {"access": "Access"}, "min_change": 0})
    loose = mapping_of(write={**FIELDS, "criteria": {"access": "Access"}, "min_change": 10})
    assert only(backend, {"potential": 71.0}, mapping=strict) == {"potential"}
    assert only(backend, {}, mapping=strict) == set()
    assert only(backend, {"potential": 79.0, "why": WHY.format(79, 60)}, mapping=loose) == set()
    assert only(backend, {"why": WHY.format(71, 60)}, mapping=strict) == {"why"}


class TestTexts:
    @pytest.mark.parametrize(
        ("text", "written"),
        [
            (WHY.format(72, 58), False),
            (WHY.format(73, 60), True),
            (WHY.format(70, 57), True),
            (WHY.format(70, 60).replace("demand 90", "demand 92"), False),
            (WHY.format(70, 60).replace("demand 90", "demand 93"), True),
            (WHY.format(70, 60).replace("Future demand", "White space"), True),
            (WHY.format(70, 60).replace("keep", "Keep"), True),
            (WHY.format(70, 60) + " 1", True),
            (WHY.format("99999999999999999999", 60), True),
            (WHY.format("unknown", 60), True),
        ],
    )
    def test_alike_but_for_close_numbers_is_the_same(self, backend: str, text: str, written: bool) -> None:
        assert only(backend, {"why": text}) == ({"why"} if written else set())

    def test_a_zone_with_a_new_label_is_no_news(self, backend: str) -> None:
        renamed = WHY.format(71, 60).replace("Key account", "Crown jewels 2")
        assert only(backend, {"why": renamed}) == set()
        no_segment = mapping_of(write={"why": "Why"})
        assert only(backend, {"why": renamed}, mapping=no_segment) == {"why"}

    def test_numbers_within_labels_are_numbers(self, backend: str) -> None:
        criteria = [one.model_dump(by_alias=True, exclude_none=True) for one in mapping_of().criteria]
        named = [one | {"label": "ISO 9001 and 14001"} for one in criteria]
        held = "Zone: ISO 9001 and 14001 50, ISO 9001 and 14001 20, 30 and {}"
        for number, reason in ((42, set[str]()), (43, {"why"})):
            now, out = {**HELD, "why": held.format(40)}, {"why": held.format(number)}
            assert only(backend, out, now, mapping=mapping_of(criteria=named)) == reason


class TestPortfolio:
    def test_who_leaves_is_cleared(self, backend: str) -> None:
        (row,) = compared(backend, [account({**HELD, "revenue_flag": True}, NOTHING, member=False)])
        assert row["change"] == "cleared"
        assert sent(row) == set(HELD) - {"campaigns"}
        assert row["written:segment"] is None
        assert row["written:revenue_flag"] is False  # a checkbox is never empty

    def test_an_unset_checkbox_needs_no_clearing(self, backend: str) -> None:
        (row,) = compared(backend, [account({**NOTHING, "revenue_flag": False}, NOTHING, member=False)])
        assert (row["change"], row["written:revenue_flag"]) == (None, False)

    def test_hubspot_empties_the_flag(self, backend: str) -> None:
        mapping = mapping_of(crm="hubspot")
        (row,) = compared(
            backend, [account({**NOTHING, "revenue_flag": False}, NOTHING, member=False)], mapping
        )
        assert (row["change"], row["written:revenue_flag"]) == ("cleared", None)

    def test_any_field_that_is_set_is_cleared_even_if_never_in_the_portfolio(self, backend: str) -> None:
        now = {**NOTHING, "next_step": "typed by hand"}
        (row,) = compared(backend, [account(now, NOTHING, member=False)])
        assert (row["change"], sent(row)) == ("cleared", {"next_step"})

    @pytest.mark.parametrize("refresh", [False, True])
    def test_fields_are_kept_where_the_mapping_says_so(self, backend: str, refresh: bool) -> None:
        mapping = mapping_of(portfolio={"on_leave": "keep"})
        (row,) = compared(backend, [account(HELD, NOTHING, member=False)], mapping, refresh=refresh)
        assert (row["change"], row["written:segment"]) == (None, "protect")

    @pytest.mark.parametrize("refresh", [False, True])
    @pytest.mark.parametrize("member", [False, True])
    def test_outside_the_pilot_old_values_stay(self, backend: str, refresh: bool, member: bool) -> None:
        out = {**HELD, "segment": "develop"} if member else NOTHING
        (row,) = compared(backend, [account(HELD, out, pilot=False, member=member)], refresh=refresh)
        assert (row["change"], sent(row), row["written:segment"]) == (None, set(), "protect")


@pytest.mark.parametrize(
    ("start", "held", "segment", "before", "change"),
    [
        ("protect", "protect", "protect", "protect", "updated"),
        ("protect", "protect", "unrated", "protect", "moved"),
        # The zone that people see counts: a second run of a first date starts from none, and some are edited by hand.
        (None, "protect", "protect", "protect", "updated"),
        (None, "protect", "develop", "protect", "moved"),
        ("develop", "protect", "protect", "protect", "updated"),
        ("develop", " Protect", "develop", "protect", "moved"),
        # Without one in the CRM the history tells.
        ("develop", None, "protect", "develop", "moved"),
        ("develop", "own words", "protect", "develop", "moved"),
        (None, "own words", "protect", None, "updated"),
    ],
)
def test_kinds_of_change(
    backend: str, start: str | None, held: str | None, segment: str, before: str | None, change: str
) -> None:
    now = {**HELD, "segment": held, "confidence": "provisional"}
    row = account(now, {**HELD, "segment": segment}, from_segment=start)
    found = compared(backend, [row])[0]
    assert (found["before"], found["change"]) == (before, change)


def test_values_are_the_first_where_no_zone_is_known_and_none_is_held(backend: str) -> None:
    row = account(NOTHING, {**HELD, "segment": "protect"}, from_segment=None)
    assert compared(backend, [row])[0]["change"] == "first"


def test_only_targets_are_compared(backend: str) -> None:
    row = account(HELD, {**HELD, "segment": "develop", "potential": 10.0})
    (compared_,) = compared(backend, [row], mapping_of(write={"potential": "Potential"}))
    assert sent(compared_) == {"potential"}
    assert "send:segment" not in compared_
    (nothing,) = compared(backend, [row], mapping_of(write={}))
    assert nothing["change"] is None


def test_no_helper_column_is_left(backend: str) -> None:
    (row,) = compared(backend, [account(HELD, HELD)])
    assert not [name for name in row if name.startswith("diff:")]


def test_changes_are_what_an_adapter_takes(backend: str) -> None:
    mapping = mapping_of(write={"segment": "Zone", "segment_since": "Since", "headroom": "Headroom"})
    rows = [
        account(HELD, {**HELD, "segment": "develop", "segment_since": 20_500}, id="b"),
        account(HELD, HELD, id="c"),
        account(HELD, {**HELD, "headroom": None}, id="a"),
    ]
    table = changes(diff(opened(backend, rows), mapping), mapping).collect().to_arrow()
    assert table.column_names == [
        "@id",
        "Zone",
        "send:Zone",
        "was:Zone",
        "Since",
        "send:Since",
        "was:Since",
        "Headroom",
        "send:Headroom",
        "was:Headroom",
    ]
    assert table.to_pylist() == [
        {
            "@id": "a",
            "Zone": "protect",
            "send:Zone": False,
            "was:Zone": "protect",
            "Since": 20_000,
            "send:Since": False,
            "was:Since": 20_000,
            "Headroom": None,
            "send:Headroom": True,
            "was:Headroom": 10_000,
        },
        {
            "@id": "b",
            "Zone": "develop",
            "send:Zone": True,
            "was:Zone": "protect",
            "Since": 20_500,
            "send:Since": True,
            "was:Since": 20_000,
            "Headroom": 10_000,
            "send:Headroom": False,
            "was:Headroom": 10_000,
        },
    ]


SCORES = st.one_of(st.none(), st.integers(60, 70).map(float))
NEAR = st.integers(60, 66)
RESULTS = st.fixed_dictionaries(
    {
        "segment": st.sampled_from(["protect", "develop", None]),
        "segment_since": st.sampled_from([20_000, 20_001, None]),
        "potential": SCORES,
        "attractiveness": SCORES,
        "coverage": SCORES,
        "confidence": st.sampled_from(["firm", "provisional", None]),
        "why": st.one_of(st.none(), st.builds(WHY.format, NEAR, NEAR), st.text(min_size=1)),
        "next_step": st.sampled_from([None, "Call.", "Call 2.", "Call 9."]),
        "campaigns": st.sampled_from([None, "x", "x; y"]),
        "headroom": st.one_of(st.none(), st.integers(0, 50).map(float)),
        "share_of_wallet": SCORES,
        "revenue_flag": st.sampled_from([True, False]),
        "criteria:access": SCORES,
    },
)


@settings(max_examples=40, deadline=None)
@given(
    pairs=st.lists(st.tuples(RESULTS, RESULTS, st.booleans(), st.booleans()), min_size=1, max_size=6),
    min_change=st.sampled_from([0, 1, 3, 5.5]),
    refresh=st.booleans(),
    crm=st.sampled_from(["salesforce", "hubspot"]),
)
def test_after_a_write_nothing_is_left_to_write(
    backend: str,
    pairs: list[tuple[dict[str, Any], dict[str, Any], bool, bool]],
    min_change: float,
    refresh: bool,
    crm: str,
) -> None:
    mapping = mapping_of(
        crm=crm, write={**FIELDS, "criteria": {"access": "Access"}, "min_change": min_change}
    )
    rows = [
        account(now, out if member else NOTHING, id=f"{place:02}", member=member, pilot=pilot)
        for place, (now, out, member, pilot) in enumerate(pairs)
    ]
    first = compared(backend, rows, mapping, refresh=refresh)
    for row in first:
        differing = {key for key in HELD if row[f"written:{key}"] != row[f"now:{key}"]}
        assert differing == sent(row)
        if sent(row) and row["member"]:
            assert all(row[f"written:{key}"] == row[f"out:{key}"] for key in HELD)
    after = [
        row | {f"now:{key}": done[f"written:{key}"] for key in HELD}
        for row, done in zip(rows, first, strict=True)
    ]
    again = compared(backend, after, mapping, refresh=refresh)
    assert [row["change"] for row in again] == [None] * len(again)


MANUAL = "Set manually by Ann: contract until {}."
SET = (
    "Key account (manual): potential {}, attractiveness 60. Weak: Chemistry 20. Next: keep the best care. "
    + MANUAL
)


@pytest.mark.parametrize(
    ("held", "now", "written"),
    [
        (SET.format(70, 2026), (72, 2026), False),  # a score within min_change
        (SET.format(70, 2026), (73, 2026), True),
        (SET.format(70, 2026), (70, 2027), True),  # a number in a person's words is no score
        (SET.format(70, 2026) + " ", (70, 2026), True),
        (WHY.format(70, 60), (70, 2026), True),
    ],
)
def test_a_persons_own_words_are_compared_as_they_are(
    backend: str, held: str, now: tuple[int, int], written: bool
) -> None:
    row = account({**HELD, "why": held}, {**HELD, "why": SET.format(*now)}, manual=MANUAL.format(now[1]))
    (found,) = compared(backend, [row])
    assert ("why" in sent(found)) == written
    without = account(HELD, {**HELD, "why": WHY.format(72, 60)}, manual=None)
    assert sent(compared(backend, [without])[0]) == set()
