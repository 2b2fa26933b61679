from __future__ import annotations

import polars as pl
import pytest

from connector.brakes import Movement, check_movement, check_shrink, edited, movement
from connector.config import SyncLimits
from connector.errors import BrakeError, ExitCode

LIMITS = SyncLimits(max_moved_share=0.2, max_cleared_share=0.1, max_shrink_share=0.1)


def test_movement_is_counted() -> None:
    accounts = pl.DataFrame(
        {
            "member": [True, True, True, True, False, False],
            "segment": ["protect", "develop", "retreat", "unrated", None, None],
            "from_segment": ["protect", "protect", None, "retreat", "protect", None],
            "change": [None, "moved", "first", "moved", "cleared", None],
            "now:segment": ["protect", "protect", None, "unrated", "protect", None],
            "send:segment": [False, True, True, False, True, False],
            "now:why": [None, None, None, None, None, "by hand"],
        },
    )
    assert movement(accounts, ["segment", "why"]) == Movement(portfolio=4, moved=1, holding=5, cleared=1)
    assert movement(accounts, ["why"]) == Movement(portfolio=4, moved=2, holding=2, cleared=1)


def test_an_empty_checkbox_is_no_value_that_could_be_lost() -> None:
    accounts = pl.DataFrame(
        {
            "member": [True, True, False],
            "segment": ["protect", "develop", None],
            "from_segment": [None, None, None],
            "change": ["first", "first", "cleared"],
            "now:revenue_flag": [False, False, True],
        },
    )
    found = movement(accounts, ["revenue_flag"])
    assert (found.holding, found.cleared) == (1, 1)


def test_nothing_moves_in_an_empty_portfolio() -> None:
    accounts = pl.DataFrame(
        schema={"member": pl.Boolean, "segment": pl.String, "from_segment": pl.String, "change": pl.String}
    )
    found = movement(accounts, [])
    assert found == Movement(0, 0, 0, 0)
    check_movement(found, LIMITS, first_run=False)


@pytest.mark.parametrize(
    ("moved", "first_run", "stops"), [(20, False, False), (21, False, True), (100, True, False)]
)
def test_too_many_moves_stop_a_run_that_is_not_the_first(moved: int, first_run: bool, stops: bool) -> None:
    found = Movement(portfolio=100, moved=moved, holding=100, cleared=0)
    if not stops:
        check_movement(found, LIMITS, first_run=first_run)
        return
    with pytest.raises(BrakeError, match="21 of 100 accounts would change their segment: 21%") as caught:
        check_movement(found, LIMITS, first_run=first_run)
    assert caught.value.brake == "max_moved_share"
    assert caught.value.exit_code is ExitCode.BRAKE


def test_too_many_cleared_accounts_stop_any_run() -> None:
    check_movement(Movement(100, 0, 50, 5), LIMITS, first_run=False)
    with pytest.raises(BrakeError, match="6 of 50 accounts would lose their values: 12%") as caught:
        check_movement(Movement(100, 0, 50, 6), LIMITS, first_run=True)
    assert caught.value.brake == "max_cleared_share"


@pytest.mark.parametrize("name", ["accounts", "opportunities"])
def test_reading_fewer_records_stops_a_run(name: str) -> None:
    before = {"accounts": 1000, "opportunities": 1000}
    check_shrink({**before, name: 900}, before, LIMITS)
    with pytest.raises(BrakeError, match=rf"Only 899 {name} were read, 1,000 the last time") as caught:
        check_shrink({**before, name: 899}, before, LIMITS)
    assert caught.value.brake == "max_shrink_share"


def test_reading_fewer_records_is_laid_at_an_edited_rule_where_one_was_edited() -> None:
    now, before = {"accounts": 500, "opportunities": 1}, {"accounts": 1000, "opportunities": 1}
    rule, other = '{"portfolio": {"all": []}}', '{"opportunities": {"where": []}, "portfolio": {}}'
    with pytest.raises(BrakeError, match=r"\[portfolio\] was edited since and may read fewer"):
        check_shrink(now, before, LIMITS, edited(rule, "{}"))
    for told in (edited(rule, rule), edited(rule, None), {"opportunities": "[opportunities] where"}):
        with pytest.raises(BrakeError, match="lost access"):
            check_shrink(now, before, LIMITS, told)
    assert edited(other, rule) == {"accounts": "[portfolio]", "opportunities": "[opportunities] where"}


def test_the_first_run_has_nothing_to_shrink_from() -> None:
    check_shrink({"accounts": 5, "opportunities": 0}, {}, LIMITS)
    check_shrink({"accounts": 5}, {"accounts": 0, "opportunities": 0}, LIMITS)
