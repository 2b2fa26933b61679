from __future__ import annotations

from datetime import date

from connector.reports.matrix_chart import Thresholds
from connector.reports.simulation import Simulation, simulation
from tests.unit.reports.conftest import account, table

BORDERS = (Thresholds(50, 50), Thresholds(60, 50))


def simulated(today: list[dict[str, object]], then: list[dict[str, object]]) -> Simulation:
    return simulation(table(*today), table(*then), as_of=date(2026, 11, 24), thresholds=BORDERS)


def test_movers_matrix_and_revenue() -> None:
    today = [
        account("a", own=500),
        account("b", own=None),
        account("c", own=-7),
        account("d", member=False, own=30),
    ]
    then = [
        account("a", own=500, segment="maintain", why="now", **{"points:potential": 40}),
        account("b", own=None),
        account("c", own=-7, confidence="provisional"),
        account("d", own=30),
        account("e", member=False),
    ]
    found = simulated(today, then)
    assert found.accounts == 4
    assert (found.moved, found.revenue_moved, found.rescored) == (2, 530, 1)
    assert [(cell.source, cell.target, cell.accounts) for cell in found.cells] == [
        ("protect", "protect", 2),
        ("protect", "maintain", 1),
        ("outside", "protect", 1),
    ]
    first, second = found.movers
    assert (first.id, first.source, first.target, first.why) == ("a", "protect", "maintain", "now")
    assert (first.was, first.then) == ((72, 80), (40, 80))
    assert (second.id, second.source, second.target, second.revenue) == ("d", "outside", "protect", 30)
    zones = {zone.segment: zone for zone in found.zones}
    assert (zones["protect"].before, zones["protect"].after) == (3, 3)
    assert (zones["protect"].revenue_before, zones["protect"].revenue_after) == (500, 30)
    assert (zones["protect"].provisional_before, zones["protect"].provisional_after) == (0, 1)
    assert (zones["outside"].before, zones["outside"].after) == (1, 0)
    assert found.as_json()["moved"] == 2


def test_the_same_twice_moves_nobody() -> None:
    rows = [account("a"), account("b", segment="unrated", **{"points:potential": None})]
    found = simulated(rows, rows)
    assert (found.moved, found.rescored, found.movers) == (0, 0, ())
