"""A CRM that keeps less: columns that adapters add only where the CRM has them."""

from typing import Any

from connector.crm import Currencies
from connector.reference import References
from connector.stages.map import map_accounts
from connector.stages.score import score
from connector.tables import History, Source, Sources
from tests.unit.measures.pulled import AS_OF, ago, deal, mapping_of, open_deal, sources

OPTIONAL = ("@currency", "@home_amount", "@opportunity", "@last_activity", "Probability")
ROLES = {
    "from": "contact_roles",
    "measure": "role_coverage",
    "required": ["Sponsor"],
    "active_within_days": 9,
}
PIPELINE = {"from": "opportunities", "measure": "weighted_pipeline", "months": 12}


def bare(backend: str, **tables: Any) -> Sources:
    found = sources(backend, **tables)
    for name, source in found.items():
        absent = [column for column in OPTIONAL if column in source.schema]
        schema = {key: kind for key, kind in source.schema.items() if key not in absent}
        found[name] = Source(source.frame.drop(absent), schema, source.rows)
    return found


def scored(
    backend: str, sections: dict[str, Any], *criteria: dict[str, Any], **tables: Any
) -> dict[str, Any]:
    mapping = mapping_of(*criteria, **sections)
    references = References("2026Q2")
    found = map_accounts(bare(backend, **tables), mapping, AS_OF, Currencies("EUR"), History(), references)
    row: dict[str, Any] = score(found.accounts, mapping, references).collect().to_arrow().to_pylist()[0]
    return row


def test_no_currencies_no_probabilities_no_activity_dates(backend: str) -> None:
    deals = {"account": "A", "amount": "Amount", "close_date": "CloseDate", "stage": "StageName"}
    sections = {
        "opportunities": deals,
        "contact_roles": {"months": 9, "where": [{"field": "@role", "is_set": True}]},
    }
    row = scored(
        backend, sections, {"source": ROLES}, {"source": PIPELINE},
        accounts=[{"@id": "a"}], opportunities=[open_deal(), deal()],
        contact_roles=[{"@account": "a", "@role": "sponsor"}],
    )  # fmt: skip
    assert (row["raw:c0:0"], row["raw:c1:0"], row["own"]) == (1, None, 10_000)


def test_no_wallet_and_records_without_a_date(backend: str) -> None:
    count = {"source": {"from": "orders", "measure": "count", "months": 12}}
    sections = {"wallet": None, "orders": {}}
    row = scored(
        backend, sections, count, accounts=[{"@id": "a"}], orders=[{"@account": "a", "Date": ago(3)}]
    )
    assert (row["raw:c0:0"], row["wallet"], row["headroom"], row["share"]) == (0, None, None, None)


def test_fields_whose_type_does_not_fit(backend: str) -> None:
    criteria: list[dict[str, Any]] = [
        {"source": {"field": "Flag"}},
        {"source": {"field": "Size"}, "scale": {"kind": "boolean"}},
        {"source": {"field": "Name", "rated_at": "Size", "expires_days": 3}},
        {"source": {"field": "Tags"}, "scale": {"kind": "lookup", "scores": {"gold": 80, "iron": 20}}},
        {"source": {"field": "Flag"}, "scale": {"kind": "lookup", "scores": {"true": 70}}},
    ]
    account = {"@id": "a", "Flag": True, "Size": 1.0, "Name": "Acme", "Tags": "Iron;Gold"}
    row = scored(backend, {}, *criteria, accounts=[account])
    assert [row[f"score:c{place}"] for place in range(5)] == [None, None, None, 80, 70]
