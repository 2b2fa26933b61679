"""The wallet that a regression expects: trained on entered wallets, frozen as coefficients, computed on any engine."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.measures.wallet import MODEL, fingerprint
from connector.measures.wallet_model import MIN_WALLETS, NEEDS, numbers, with_estimate, with_features
from connector.measures.wallet_training import (
    FOLDS,
    MOST_WALLETS,
    Training,
    learnt,
    out_of_fold,
    training,
)
from connector.reference import References
from tests.unit.measures.pulled import AS_OF, ago, column, deal, mapped, mapping_of

WALLET = {"sources": ["field:Wallet", "model"], "achievable_share": 0.6}


def accounts(number: int, **keys: Any) -> list[dict[str, Any]]:
    """Wallets of 400 a head, and no purchases."""
    return [
        {"@id": f"{place:04}", "Size": float(10 + place * 7 % 90), "Industry": "Metal", **keys}
        | {"Wallet": 400.0 * (10 + place * 7 % 90)}
        for place in range(number)
    ]


def frame(backend: str, rows: list[dict[str, Any]]) -> Any:
    amounts = ("own", "@recent", "@before", "@earlier", "@best_then")
    kinds = dict.fromkeys(amounts, pa.int64()) | {
        "@active_quarters": pa.int64(),
        "@tenure": pa.float64(),
        "size": pa.float64(),
        "industry": pa.string(),
    }
    kinds |= {"id": pa.string(), "member": pa.bool_(), "entered": pa.int64()}
    given_rows = [
        {"id": f"{place:04}", "member": True, "@active_quarters": 0, "own": 0, "@recent": 0, **row}
        for place, row in enumerate(rows)
    ]
    table = pa.Table.from_pylist(given_rows, schema=pa.schema(list(kinds.items())))
    return nw.from_native(table, eager_only=True).lazy(backend=backend)


def random_rows(number: int, seed: int = 1) -> list[dict[str, Any]]:
    draw = np.random.default_rng(seed)
    rows = []
    for _ in range(number):
        own, before = (int(100 * draw.lognormal(9, 1)) for _ in range(2))
        rows.append(
            {
                "own": own, "@recent": own, "@before": before, "@earlier": 0, "@best_then": max(own, before),
                "@active_quarters": int(draw.integers(0, 13)), "@tenure": float(draw.uniform(0, 9)),
                "size": None if draw.random() < 0.2 else float(draw.integers(1, 500)),
                "industry": str(draw.choice(["Metal", "wood ", "Glass"])),
                "entered": int(own * draw.lognormal(1, 0.5)),
            }
        )  # fmt: skip
    return rows


def test_it_learns_what_people_have_entered(backend: str) -> None:
    references = References("2026Q2")
    known = accounts(120)
    asked = [
        {"@id": "x", "Size": 50.0, "Industry": "metal "},
        {"@id": "y", "Size": 20.0, "Industry": "Metal"},
    ]
    found = mapped(
        backend,
        mapping_of({"source": {"field": "Size"}}, wallet=WALLET),
        accounts=known + asked,
        references=references,
    )
    assert column(found, "wallet_source")["x"] == "model"
    assert column(found, "wallet")["x"] == pytest.approx(2_000_000, rel=0.02)
    assert column(found, "wallet")["y"] == pytest.approx(800_000, rel=0.05)
    assert column(found, "wallet")["x"] % 100 == 0  # whole units: cents would pretend to know
    assert column(found, "wallet")["0000"] == 400_000  # what was entered comes first
    terms = dict(zip(*references.fresh[MODEL].table.to_pydict().values(), strict=True))
    assert (terms["wallets"], terms["within_2"]) == (120, 1)
    assert terms["error"] < 0.02


@pytest.mark.parametrize(("number", "answers"), [(MIN_WALLETS - 1, False), (MIN_WALLETS, True)])
def test_from_80_entered_wallets_on(backend: str, number: int, answers: bool) -> None:
    references = References("2026Q2")
    found = mapped(
        backend,
        mapping_of({"source": {"field": "Size"}}, wallet=WALLET),
        accounts=[*accounts(number), {"@id": "x", "Size": 50.0}],
        references=references,
    )
    assert (column(found, "wallet")["x"] is not None) == answers
    terms = dict(zip(*references.fresh[MODEL].table.to_pydict().values(), strict=True))
    assert terms["wallets"] == number
    assert ("intercept" in terms) == answers


def test_what_is_frozen_answers_for_the_quarter(backend: str) -> None:
    references = References("2026Q2")
    mapping = mapping_of({"source": {"field": "Size"}}, wallet=WALLET)
    asked = {"@id": "x", "Size": 50.0, "Industry": "Metal"}
    first = mapped(backend, mapping, accounts=[*accounts(100), asked], references=references)
    later = mapped(backend, mapping, accounts=[{"@id": "z", "Wallet": 1.0}, asked], references=references)
    assert column(later, "wallet")["x"] == column(first, "wallet")["x"]
    few = References("2026Q2")
    mapped(backend, mapping, accounts=accounts(10), references=few)
    again = mapped(backend, mapping, accounts=[*accounts(100), asked], references=few)
    assert column(again, "wallet")["x"] is None  # the absence of a model is frozen like the model


def test_only_the_portfolio_and_what_still_counts_is_learnt_from(backend: str) -> None:
    references = References("2026Q2")
    rated = {"rated_at": "Rated", "expires_days": 100}
    mapping = mapping_of(
        {"source": {"field": "Size"}},
        wallet={**WALLET, **rated},
        portfolio={"all": [{"field": "Flag", "equals": True}]},
    )
    known = accounts(90, Flag=True)
    known += [{**each, "@id": f"o{each['@id']}", "Flag": False} for each in accounts(5)]
    known += [{**each, "@id": f"e{each['@id']}", "Rated": ago(201)} for each in accounts(5, Flag=True)]
    known += [{"@id": "zero", "Wallet": 0.0, "Flag": True}, {"@id": "unknown", "Wallet": 9.0, "Flag": True}]
    mapped(
        backend, mapping, accounts=known, opportunities=[deal("unknown", Amount=None)], references=references
    )
    terms = dict(zip(*references.fresh[MODEL].table.to_pydict().values(), strict=True))
    assert terms["wallets"] == 90


def test_unknown_own_has_no_estimate_and_one_that_tells_nothing_is_none(backend: str) -> None:
    mapping = mapping_of({"source": {"field": "Size"}}, wallet=WALLET)
    asked = [{"@id": name, "Size": 50.0, "Industry": "Metal"} for name in ("unknown", "large")]
    deals = [deal("unknown", Amount=None), deal("large", Amount=19_000.0)]
    found = mapped(backend, mapping, accounts=[*accounts(100), *asked], opportunities=deals)
    assert column(found, "wallet")["unknown"] is None
    assert column(found, "wallet")["large"] is None  # 0.6 of about 20,000 is less than own


def test_it_sees_an_account_as_it_stood_when_the_quarter_began(backend: str) -> None:
    """As of 31 May 2026 the quarter began on 1 April: 60 days ago."""
    mapping = mapping_of({"source": {"field": "Size"}}, wallet=WALLET)
    known = [
        {**each, "Size": None, "Wallet": 100.0 * (place + 1)} for place, each in enumerate(accounts(100))
    ]
    bought = [deal(each["@id"], Amount=each["Wallet"] / 2, CloseDate=ago(200)) for each in known]
    before, since = ago(61), ago(60)
    asked = [{"@id": name} for name in ("steady", "more", "new", "nothing", "unknown")]
    deals = [
        deal("steady", Amount=1_000.0, CloseDate=before),
        deal("more", Amount=1_000.0, CloseDate=before),
        deal("more", Amount=90.0, CloseDate=since),
        deal("new", Amount=20.0, CloseDate=since),
        deal("unknown", Amount=None, CloseDate=before),
        deal("unknown", Amount=20.0, CloseDate=since),
    ]

    def estimates(day: date, references: References) -> dict[str, Any]:
        given = mapped(
            backend, mapping, accounts=[*known, *asked], opportunities=[*bought, *deals], as_of=day,
            references=references,
        )  # fmt: skip
        return {each["@id"]: column(given, "wallet")[each["@id"]] for each in asked}

    references = References("2026Q2")
    found = estimates(AS_OF, references)
    assert found["steady"] == found["more"] == pytest.approx(200_000, rel=0.1)
    assert found["new"] == found["nothing"] is not None  # both had bought nothing then
    assert found["unknown"] is None
    for day in (date(2026, 4, 1), date(2026, 6, 30)):
        again = estimates(day, References("2026Q2", stored=references.all()))
        assert {name: again[name] for name in ("steady", "more", "nothing")} == {
            name: found[name] for name in ("steady", "more", "nothing")
        }
    assert estimates(date(2026, 7, 1), references)["more"] != found["more"]


def test_an_estimate_stays_within_the_wallets_it_was_trained_on(backend: str) -> None:
    mapping = mapping_of({"source": {"field": "Size"}}, wallet=WALLET)
    asked = [
        {"@id": "giant", "Size": 1e7, "Industry": "Metal"},
        {"@id": "dwarf", "Size": 0.0, "Industry": "Metal"},
    ]
    found = mapped(backend, mapping, accounts=[*accounts(100), *asked])
    assert column(found, "wallet")["giant"] == 99 * 400 * 100
    assert column(found, "wallet")["dwarf"] == 10 * 400 * 100


def test_without_a_field_to_learn_from_it_never_answers(backend: str) -> None:
    mapping = mapping_of({"source": {"field": "Size"}}, wallet={"sources": ["model"]})
    assert set(column(mapped(backend, mapping, accounts=accounts(100)), "wallet").values()) == {None}


def test_every_feature_by_hand(backend: str) -> None:
    row = {
        "@recent": 20_000, "@before": 10_000, "@earlier": -5, "@best_then": 30_000, "@active_quarters": 6,
        "@tenure": 3.0, "size": 49.0, "industry": "Metal",
    }  # fmt: skip
    bare = {"@recent": -7, "@before": 0, "@earlier": 0}
    columns = [nw.col(f"feature:{name}").alias(name) for name in numbers()]
    featured = with_features(frame(backend, [row, bare])).select("id", *columns)
    found = featured.sort("id").collect().to_arrow().to_pylist()
    wanted = {
        "own": math.log(201), "before": math.log(101), "earlier": 0, "best_year": math.log(301),
        "trend": 2 * (200 - 100) / 300, "regularity": 0.5, "tenure": math.log(4), "size": math.log(50),
        "no_own": 0, "no_before": 0, "no_earlier": 1, "size_unknown": 0,
    }  # fmt: skip
    assert {name: found[0][name] for name in wanted} == pytest.approx(wanted)
    nothing = {**dict.fromkeys(wanted, 0), "no_own": 1, "no_before": 1, "no_earlier": 1, "size_unknown": 1}
    assert {name: found[1][name] for name in wanted} == pytest.approx(nothing)
    assert set(numbers()) == set(wanted)


def test_the_kept_coefficients_alone_give_the_estimate(backend: str) -> None:
    rows = random_rows(150)
    data = training(frame("polars", rows), "entered")
    table = learnt(data)
    terms = dict(zip(*table.to_pydict().values(), strict=True))
    assert {name for name in terms if name.startswith("industry:")} == {
        "industry:glass", "industry:metal", "industry:wood"
    }  # fmt: skip
    estimated = with_estimate(frame(backend, rows), table, "cents")
    assert not [name for name in estimated.collect_schema().names() if name.startswith("feature:")]
    found = estimated.select("id", "cents").sort("id").collect()["cents"].to_list()
    for place, cents in enumerate(found):
        total = terms["intercept"]
        total += sum(
            value * terms[name] for name, value in zip(data.names, data.features[place], strict=True)
        )
        wallet = math.exp(min(terms["largest"], max(terms["smallest"], total)))
        assert cents == pytest.approx(100 * round(wallet), abs=100)


def test_of_very_many_wallets_an_even_part_is_learnt_from() -> None:
    number = 2 * MOST_WALLETS + 1
    values = np.linspace(0.0, 1.0, number)[:, None]
    ids = [f"{place:06}" for place in range(number)]
    data = Training(ids, values, ("own",), 3.0 + 2.0 * values[:, 0])
    terms = dict(zip(*learnt(data).to_pydict().values(), strict=True))
    assert terms["wallets"] == len(range(0, number, 3))
    assert terms["own"] == pytest.approx(2.0, rel=1e-3)
    assert (terms["smallest"], terms["largest"]) == pytest.approx((3.0, 5.0), abs=1e-3)


def test_out_of_fold_no_wallet_has_seen_itself() -> None:
    rows = random_rows(100)
    data = training(frame("polars", rows), "entered")
    first = out_of_fold(data)
    changed = data.target.copy()
    changed[FOLDS] += 5.0  # in fold 0
    again = out_of_fold(type(data)(data.ids, data.features, data.names, changed))
    same = np.arange(100) % FOLDS == 0
    assert np.array_equal(first[same], again[same])
    assert not np.array_equal(first[~same], again[~same])


def test_its_error_is_stated_out_of_fold() -> None:
    noise = [
        {**row, "own": 0, "entered": int(100 * 10 ** (place * 37 % 60 / 10))}
        for place, row in enumerate(random_rows(120))
    ]
    data = training(frame("polars", noise), "entered")
    terms = dict(zip(*learnt(data).to_pydict().values(), strict=True))
    assert terms["error"] == pytest.approx(float(np.median(abs(out_of_fold(data) - data.target))))
    assert terms["within_2"] < 0.8  # nothing to be learnt there, and it says so


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 9), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_coefficient(backend: str, seed: int, random: Any) -> None:
    rows = [{"id": f"{place:04}", **row} for place, row in enumerate(random_rows(90, seed))]
    shuffled = random.sample(rows, len(rows))
    first = learnt(training(frame("polars", rows), "entered"))
    assert learnt(training(frame(backend, shuffled), "entered")).equals(first)


def test_its_fingerprint_names_the_fields_it_is_learnt_from() -> None:
    mapping = mapping_of({"source": {"field": "Size"}}, wallet=WALLET)
    assert fingerprint(mapping) == "Wallet | Industry | Size | EUR | before the quarter"
    assert set(NEEDS) >= {"@recent", "size", "industry"}
