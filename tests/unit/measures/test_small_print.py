"""What is easily overlooked: each case was wrong once, or nearly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector.crm import FieldType
from connector.mapping import Mapping
from connector.mapping.csv_file import read_files
from connector.reference import References
from tests.unit.measures import pulled
from tests.unit.measures.pulled import ago, column, deal, mapped, mapping_of, open_deal

BEYOND = ago(-365_000)
"""A day beyond 2100, as people write it who mean: for ever."""


def said(backend: str, mapping: Mapping, **tables: Any) -> dict[str, int]:
    """What was odd in the data, and how often."""
    tables.setdefault("accounts", [{"@id": "a"}])
    return {str(note): note.count for note in mapped(backend, mapping, **tables).quality}


def test_a_probability_in_a_number_field_of_salesforce_is_in_percent(backend: str, monkeypatch: Any) -> None:
    schema = {**pulled.SCHEMAS["opportunities"], "Probability": FieldType.NUMBER}
    monkeypatch.setitem(pulled.SCHEMAS, "opportunities", schema)
    source = {"from": "opportunities", "measure": "weighted_pipeline", "months": 12}
    assert pulled.raw(backend, source, opportunities=[open_deal(Probability=50.0)])["a"] == 50


def test_an_estimate_that_leaves_nothing_is_none_whatever_binary_makes_of_it(backend: str) -> None:
    wallet = {"sources": ["activity"], "achievable_share": 0.55}
    year_ago = [deal(Amount=125.0, CloseDate=ago(400 + 90 * quarter)) for quarter in range(4)]
    deals = [*year_ago, deal(Amount=275.0)]  # the best year: 500; 0.55 x 500 is what he buys
    source = {"from": "wallet", "measure": "headroom"}
    found = mapped(
        backend, mapping_of({"source": source}, wallet=wallet), accounts=[{"@id": "a"}], opportunities=deals
    )
    assert column(found, "headroom") == {"a": None}


def test_two_caps_that_differ_in_the_seventh_digit(backend: str) -> None:
    pipeline = {"from": "opportunities", "measure": "weighted_pipeline", "months": 12}
    mapping = mapping_of(*({"source": {**pipeline, "max_per_deal": cap}} for cap in (1_234_567, 1_234_568)))
    found = mapped(
        backend, mapping, accounts=[{"@id": "a"}], opportunities=[open_deal(Amount=9e6, Probability=100.0)]
    )
    assert [column(found, f"raw:c{n}:0")["a"] for n in (0, 1)] == [1_234_567, 1_234_568]


def test_records_without_a_usable_date_are_counted(backend: str) -> None:
    mapping = mapping_of({"source": {"from": "cases", "measure": "count", "months": 12}})
    cases = [{"@account": "a", "Date": day} for day in (None, BEYOND, ago(3))]
    found = said(backend, mapping, cases=cases)
    assert found["cases have no date from 1900 to 2100: they are left out (cases)"] == 2


def test_a_rating_date_beyond_2100_is_none_and_said_so(backend: str) -> None:
    source = {"field": "Rating", "rated_at": "Rated", "expires_days": 365}
    mapping = mapping_of({"source": source, "scale": {"kind": "rating", "worst": 1, "best": 5}})
    found = said(backend, mapping, accounts=[{"@id": "a", "Rating": "4", "Rated": BEYOND}])
    assert found["rating dates are none from 1900 to 2100: they count as empty (accounts.Rated)"] == 1


def test_of_several_values_one_that_is_listed_is_enough(backend: str) -> None:
    words = "values are not among the lookup's keys: they count as missing (accounts.Tags)"
    mapping = mapping_of(
        {"source": {"field": "Tags"}, "scale": {"kind": "lookup", "scores": {"A": 1, "b (old)": 2}}}
    )
    rows = [
        {"@id": str(place), "Tags": tags}
        for place, tags in enumerate(["a;x", " B (OLD) ", "x;y", "ab", None])
    ]
    assert said(backend, mapping, accounts=rows)[words] == 2
    text = {"source": {"field": "Note"}, "scale": {"kind": "lookup", "scores": {"a": 1}, "multi": "max"}}
    rows = [{"@id": str(place), "Note": note} for place, note in enumerate(["x; a", "x"])]
    assert said(backend, mapping_of(text), accounts=rows)[words.replace("Tags", "Note")] == 1


def test_dates_ahead_in_a_file_are_said_to_count_as_today(backend: str, tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text("key,visit\na,2027-01-01\n")
    source = {"csv": "visits.csv", "key": "key", "key_field": "Name", "column": "visit"}
    data = mapping_of({"source": source, "scale": {"kind": "half_life", "days": 90}}).model_dump(
        by_alias=True
    )
    mapping = Mapping.model_validate(data, context={"folder": tmp_path})
    found = said(backend, mapping, accounts=[{"@id": "1", "Name": "A"}], csv=read_files(mapping))
    assert found["values below 0 count as 0 (visits.csv.visit)"] == 1


def test_an_account_says_itself_what_is_odd_about_it(backend: str) -> None:
    mapping = mapping_of({"source": {"from": "wallet", "measure": "headroom"}})
    accounts = [{"@id": "part", "Wallet": 900.0}, {"@id": "low", "Wallet": 10.0}]
    deals = [deal("part"), deal("part", Amount=None), deal("low")]
    found = mapped(backend, mapping, accounts=accounts, opportunities=deals)
    assert column(found, "partial") == {"part": True, "low": False}
    assert column(found, "raised") == {"part": False, "low": True}


def test_what_is_frozen_in_one_currency_serves_no_other(backend: str) -> None:
    wallet = {"sources": ["peer_p80"], "achievable_share": 0.9}
    source = {"from": "opportunities", "measure": "won_amount", "months": 12}
    criterion = {"source": source, "scale": {"kind": "percentile"}}
    references = References("2026Q2")
    tables = {
        "accounts": [{"@id": str(n)} for n in range(30)],
        "opportunities": [deal(str(n)) for n in range(30)],
    }
    mapped(backend, mapping_of(criterion, wallet=wallet), references=references, **tables)
    later = References("2026Q2", stored=references.all())
    dollars = mapping_of(criterion, wallet=wallet, currency="USD", rates={"EUR": 0.5})
    mapped(backend, dollars, references=later, **tables)
    assert "peer_p80" in later.fresh
