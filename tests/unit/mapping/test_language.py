"""Small promises of the models, of places, words and the list of fields."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from connector.mapping import Mapping, parse, read
from connector.mapping.model import LinearScale, Text
from connector.mapping.naming import can_be_created
from connector.mapping.places import tag_of
from connector.mapping.uses import Need, fields_read, uses
from connector.mapping.words import meant, nearest

GOOD = Path(__file__).parents[2] / "fixtures" / "mappings" / "good.toml"


def mapping_of(*changes: tuple[str, str]) -> Mapping:
    text = GOOD.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return parse(text, "m.toml")[0]


def test_a_criterion_by_its_id() -> None:
    mapping = mapping_of()
    assert mapping.criterion("trust").dimension == "attractiveness"
    with pytest.raises(KeyError, match="nobody"):
        mapping.criterion("nobody")


def test_the_wallet_field() -> None:
    wallets = [mapping_of().wallet, mapping_of(('"field:Wallet__c", ', "")).wallet]
    assert [wallet.field if wallet else "" for wallet in wallets] == ["Wallet__c", None]


def test_one_text_serves_both_languages() -> None:
    assert Text.model_validate("Size").in_("de") == "Size"
    assert Text(en="Size").in_("de") == "Size"
    assert Text(en="Size", de="Größe").in_("de") == "Größe"


def test_a_mapping_never_changes() -> None:
    with pytest.raises(ValueError, match="frozen"):
        mapping_of().language = "de"  # type: ignore[misc]


def test_files_that_it_names_lie_beside_it() -> None:
    mapping = read(GOOD)[0]
    assert mapping.beside("overrides.csv") == GOOD.parent / "overrides.csv"
    assert mapping.model_copy().beside("a.csv") == GOOD.parent / "a.csv"
    assert mapping_of().beside("overrides.csv") is None
    assert mapping.model_dump() == mapping_of().model_dump()  # the folder is no part of what the mapping says


def test_only_members_of_tagged_unions_have_a_tag() -> None:
    assert (tag_of(LinearScale), tag_of(Text), tag_of(int)) == ("linear", None, None)


@pytest.mark.parametrize(
    ("crm", "name", "possible"),
    [
        ("salesforce", "KPM_Zone__c", True),
        ("salesforce", "Zone", False),
        ("salesforce", "KPM__Zone__c", False),
        ("salesforce", "Zone___c", False),
        ("salesforce", "1Zone__c", False),
        ("salesforce", "Z" * 40 + "__c", True),
        ("salesforce", "Z" * 41 + "__c", False),
        ("hubspot", "kpm_zone", True),
        ("hubspot", "KPM_Zone", False),
        ("hubspot", "1zone", False),
        ("hubspot", "z" * 101, False),
    ],
)
def test_names_that_can_be_created(crm: str, name: str, possible: bool) -> None:
    assert can_be_created(name, "hubspot" if crm == "hubspot" else "salesforce") is possible


def test_the_nearest_word() -> None:
    assert nearest("ANMOUNT", ["Amount", "Account"]) == "Amount"
    assert meant("xyz", ["Amount"]) == ""


# --- the list of fields ----------------------------------------------------------------------------------


def test_every_field_with_its_place() -> None:
    assert [(use.path, use.field) for use in uses(mapping_of())] == [
        ("portfolio.any[1]", "Type"),
        ("accounts.name", "Name"),
        ("accounts.owner", "OwnerId"),
        ("opportunities.account", "AccountId"),
        ("opportunities.amount", "Amount"),
        ("opportunities.close_date", "CloseDate"),
        ("opportunities.stage", "StageName"),
        ("opportunities.probability", "Probability"),
        ("cases.account", "AccountId"),
        ("cases.date", "CreatedDate"),
        ("criteria[demand].source.field", "Demand__c"),
        ("criteria[demand].source.rated_at", "Rated_At__c"),
        ("criteria[size].source.field", "NumberOfEmployees"),
        ("criteria[strategy].source.field", "Strategy__c"),
        ("wallet.sources[1]", "Wallet__c"),
    ]


def test_less_is_named_where_less_is_needed() -> None:
    hubspot = """
    version = 1
    crm = "hubspot"
    currency = "EUR"
    accounts = { name = "name" }
    opportunities = { account = "any_company", amount = "amount", close_date = "closedate", stage = "dealstage" }
    contact_roles = { property = "hs_buying_role" }
    orders = { date = "hs_createdate" }
    activities = {}
    criteria = [
      { id = "a", dimension = "potential", label = "A", source = { field = "vip" }, scale = { kind = "boolean" } },
      { id = "b", dimension = "attractiveness", label="B", source = { field = "b" }, scale = { kind = "boolean" } },
    ]
    wallet = { sources = ["activity"] }
    """
    mapping = parse(
        hubspot.replace("\n    ", "\n").replace("[\n  {", "[ {").replace(",\n  {", ", {"), "h.toml"
    )[0]
    assert fields_read(mapping) == {
        "accounts": ("name", "vip", "b"),
        "opportunities": ("amount", "closedate", "dealstage"),
        "contact_roles": (),
        "activities": (),
        "orders": ("hs_createdate",),
    }
    assert {use.need for use in uses(mapping) if use.field == "vip"} == {Need.YES_NO}


def test_fields_of_an_override_and_of_the_pilot_are_read() -> None:
    override = '[override]\nsegment = "Own__c"\n\n[write]\nwhere = [ { field = "OwnerId", in = ["005"] } ]'
    mapping = mapping_of(("[write]", override))
    assert {use.path: use.field for use in uses(mapping) if use.path.startswith(("override", "write"))} == {
        "override.segment": "Own__c",
        "write.where[1]": "OwnerId",
    }


def test_a_percentile_may_name_a_peer_field_and_a_file_its_key() -> None:
    text = GOOD.read_text()
    scale = 'scale     = { kind = "linear", zero = 10, full = 5_000 }'
    shape = text.replace(scale, 'scale = { kind = "percentile", by = "Region__c" }', 1)
    shape = shape.replace('{ field = "Strategy__c" }', '{ csv = "erp.csv", key = "Number", column = "x" }', 1)
    mapping = Mapping.model_validate(tomllib.loads(shape))
    found = {use.path: use.field for use in uses(mapping)}
    assert found["criteria[size].scale.by"] == "Region__c"
    assert found["criteria[strategy].source.key"] == "Number"


def test_a_date_in_a_condition_has_an_order() -> None:
    where = (
        'stage       = "StageName"',
        'stage       = "StageName"\nwhere = [ { field = "CloseDate", above = "2020-01-31" } ]',
    )
    assert mapping_of(where).opportunities.where[0].operand == "2020-01-31"


def test_the_shipped_mappings_read_what_they_say() -> None:
    mapping = read(Path(__file__).parents[3] / "mappings" / "salesforce.toml")[0]
    assert set(fields_read(mapping)) == {
        "accounts",
        "opportunities",
        "contact_roles",
        "cases",
        "orders",
        "activities",
    }
