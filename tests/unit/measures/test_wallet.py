from typing import Any

import pytest

from tests.unit.measures.pulled import ago, column, deal, mapped, mapping_of

WALLET = ("wallet", "wallet_source", "share", "headroom", "wallet_expired")


def wallets(backend: str, wallet: dict[str, Any], **tables: Any) -> dict[str, tuple[Any, ...]]:
    mapping = mapping_of({"source": {"field": "Size"}}, wallet={"achievable_share": 0.6, **wallet})
    found = mapped(backend, mapping, **tables)
    columns = [column(found, name) for name in WALLET]
    return {key: tuple(each[key] for each in columns) for key in columns[0]}


def entered(backend: str, value: float | None, *deals: dict[str, Any], **account: Any) -> tuple[Any, ...]:
    wallet = {"sources": ["field:Wallet"], "rated_at": "Rated", "expires_days": 365}
    accounts = [{"@id": "a", "Wallet": value, **account}]
    return wallets(backend, wallet, accounts=accounts, opportunities=deals)["a"]


def test_the_reps_estimate(backend: str) -> None:
    assert entered(backend, 1000.0, deal(Amount=250.0)) == (100_000, "field", 0.25, 35_000, False)
    assert entered(backend, 1000.0) == (100_000, "field", 0, 60_000, False)
    assert entered(backend, 0.0) == (0, "field", None, 0, False)
    assert entered(backend, 1000.0, deal(Amount=-50.0)) == (
        100_000,
        "field",
        0,
        60_000,
        False,
    )  # own is floored at 0


def test_a_wallet_below_own_is_raised_to_it(backend: str) -> None:
    assert entered(backend, 100.0, deal(Amount=250.0)) == (25_000, "field", 1, 0, False)


def test_a_raised_wallet_is_counted(backend: str) -> None:
    mapping = mapping_of({"source": {"field": "Size"}}, wallet={"sources": ["field:Wallet"]})
    accounts = [{"@id": name, "Wallet": 100.0} for name in "abc"]
    deals = [deal("a", Amount=250.0), deal("b", Amount=100.0), deal("c", Amount=None)]
    found = mapped(backend, mapping, accounts=accounts, opportunities=deals)
    message = (
        "wallets lie below what the account bought in 12 months: they count as that much (accounts.Wallet)"
    )
    assert [(str(each), each.count) for each in found.quality if "wallets" in str(each)] == [(message, 1)]


@pytest.mark.parametrize("value", [None, -1.0, 1e14, float("nan")])
def test_no_answer(backend: str, value: float | None) -> None:
    assert entered(backend, value) == (None, None, None, None, False)


def test_unknown_own_leaves_the_wallet_without_share(backend: str) -> None:
    assert entered(backend, 10.0, deal(Amount=None)) == (1000, "field", None, None, False)


def test_an_estimate_fades_out(backend: str) -> None:
    assert entered(backend, 10.0, Rated=ago(400)) == (1000, "field", 0, 600, True)
    assert entered(backend, 10.0, Rated=ago(731))[0] is None


def test_activity_is_the_best_year_of_the_last_three(backend: str) -> None:
    wallet = {"sources": ["activity"]}
    deals = [
        deal("grown", Amount=100.0), deal("grown", Amount=400.0, CloseDate=ago(500)),
        deal("grown", Amount=200.0, CloseDate=ago(800)),
        deal("grown", Amount=9000.0, CloseDate=ago(1200)), deal("steady"), deal("steady", CloseDate=ago(500)),
        deal("unknown", Amount=None), deal("unknown", CloseDate=ago(500)),
        deal("credit", Amount=-5.0, CloseDate=ago(500)),
    ]  # fmt: skip
    accounts = [{"@id": name} for name in ("grown", "steady", "unknown", "credit", "none")]
    found = wallets(backend, wallet, accounts=accounts, opportunities=deals)
    assert found["grown"] == (
        60_000,
        "activity",
        pytest.approx(1 / 6),
        26_000,
        False,
    )  # two quarters of one year
    for name in ("steady", "unknown", "credit", "none"):  # steady: 0.6 of his best year is less than own
        assert found[name] == (None, None, None, None, False)


def test_peers_by_industry_and_size_then_industry_then_all(backend: str) -> None:
    accounts = [{"@id": f"m{number:02}", "Industry": " Metal", "Size": 12.0} for number in range(1, 22)]
    accounts += [{"@id": f"w{number:02}", "Industry": "Wood", "Size": 3.0} for number in range(1, 4)]
    accounts += [
        {"@id": "alone", "Industry": "METAL", "Size": 400.0},
        {"@id": "buys not", "Industry": "Metal", "Size": 12.0},
    ]
    deals = [deal(f"m{number:02}", Amount=float(number)) for number in range(1, 22)]
    deals += [deal(f"w{number:02}", Amount=1000.0) for number in range(1, 4)] + [deal("alone", Amount=1.0)]
    found = wallets(backend, {"sources": ["peer_p80"]}, accounts=accounts, opportunities=deals)
    assert found["m01"][:2] == (1700, "peer_p80")  # 1..21, at 0.8 x 20 = 16: the 17th
    assert found["m11"][:2] == (None, None)  # 0.6 x 17 is less than 11
    assert found["alone"][:2] == (1680, "peer_p80")  # 22 of the industry: 0.8 x 21 = 16.8 between 16 and 17
    assert found["w01"][:2] == (None, None)
    assert found["buys not"][:2] == (None, None)


def test_the_first_source_that_answers_wins_and_unbuilt_ones_do_not(backend: str) -> None:
    deals = [
        deal("a", Amount=1.0),
        deal("a", Amount=100.0, CloseDate=ago(500)),
        deal("b", Amount=1.0),
        deal("b", Amount=100.0, CloseDate=ago(500)),
    ]
    accounts = [{"@id": "a", "Wallet": 5.0}, {"@id": "b"}]
    found = wallets(
        backend, {"sources": ["model", "field:Wallet", "activity"]}, accounts=accounts, opportunities=deals
    )
    assert found["a"][:2] == (500, "field")
    assert found["b"][:2] == (10_000, "activity")


def test_as_raw_values(backend: str) -> None:
    measures = ("share", "headroom", "headroom_share")
    mapping = mapping_of(*({"source": {"from": "wallet", "measure": name}} for name in measures))
    found = mapped(
        backend,
        mapping,
        accounts=[{"@id": "a", "Wallet": 1000.0}, {"@id": "zero", "Wallet": 0.0}],
        opportunities=[deal(Amount=250.0)],
    )
    assert [column(found, f"raw:c{place}:0")["a"] for place in range(3)] == [0.25, 350, 0.35]
    assert [column(found, f"raw:c{place}:0")["zero"] for place in range(3)] == [None, 0, None]


def test_peers_of_an_empty_portfolio_answer_nothing(backend: str) -> None:
    assert wallets(backend, {"sources": ["peer_p80"]}, accounts=[{"@id": "a"}])["a"][0] is None
