"""Mistakes a person makes: each has its exit code, its place and its remedy, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.sandbox import Sandbox
from adapters.sandbox.side import Visibility
from tests.end_to_end.conftest import AS_OF, Place, place

BOTH = ("salesforce", "hubspot")


@pytest.fixture(scope="module", params=BOTH)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("bad")
    with Sandbox((request.param,), accounts=40, seed=3, today=AS_OF) as sandbox:
        found = place(request.param, folder, sandbox)
        found.kpm("provision", "--yes")
        yield found


@pytest.fixture
def bad(shared: Place) -> Iterator[Place]:
    """The shared place; its files are put back, and the CRM must not have been written to."""
    files = {path: path.read_text() for path in (shared.mapping, shared.folder / "config.toml")}
    cells = shared.cells()
    yield shared
    for path, text in files.items():
        path.write_text(text)
    assert shared.cells() == cells


def names(here: Place) -> dict[str, str]:
    salesforce = {
        "size": "NumberOfEmployees",
        "demand": "KPM_Demand__c",
        "potential": "KPM_Potential__c",
        "why": "KPM_Why__c",
    }
    hubspot = {
        "size": "numberofemployees",
        "demand": "kpm_demand",
        "potential": "kpm_potential",
        "why": "kpm_why",
    }
    return salesforce if here.crm == "salesforce" else hubspot


def refused(here: Place, *parts: str, code: int = 2, command: str = "sync") -> str:
    finished = here.kpm(command, "--as-of", AS_OF.isoformat(), code=code)
    said = " ".join(finished.err.split())
    for part in parts:
        assert part in said, said
    return said


def test_a_misspelt_field_comes_with_the_one_that_was_meant(bad: Place) -> None:
    field = names(bad)["size"]
    bad.edit_mapping(rf'source    = \{{ field = "{field}" \}}', f'source    = {{ field = "{field[:-1]}" }}')
    refused(bad, f"{bad.crm}.toml: criteria[company_size].source.field", field)


def test_a_label_is_answered_with_the_api_name(bad: Place) -> None:
    field = names(bad)["size"]
    label = {"salesforce": "Employees", "hubspot": "Number of Employees"}[bad.crm]
    bad.edit_mapping(rf'source    = \{{ field = "{field}" \}}', f'source    = {{ field = "{label}" }}')
    refused(bad, "criteria[company_size].source.field", "label", field)


def test_an_unknown_scale_lists_the_known_ones(bad: Place) -> None:
    bad.edit_mapping(r'scale     = \{ kind = "log", zero = 10,', 'scale     = { kind = "logg", zero = 10,')
    refused(bad, "criteria[company_size].scale", "logg", "log")


def test_zero_and_full_must_differ(bad: Place) -> None:
    bad.edit_mapping(r'kind = "log", zero = 10, full = 5_000', 'kind = "log", zero = 10, full = 10')
    refused(bad, "criteria[company_size].scale", "zero", "full")


def test_a_wrong_type(bad: Place) -> None:
    bad.edit_mapping(r'kind = "log", zero = 10,', 'kind = "log", zero = "ten",')
    refused(bad, "criteria[company_size].scale.zero", "number")


def test_two_results_in_one_field(bad: Place) -> None:
    bad.edit_mapping(r"^attractiveness = .*$", f'attractiveness = "{names(bad)["potential"]}"')
    refused(bad, "write.attractiveness", names(bad)["potential"], "write.potential")


def test_a_field_that_is_read_is_no_target(bad: Place) -> None:
    bad.edit_mapping(r"^attractiveness = .*$", f'attractiveness = "{names(bad)["demand"]}"')
    refused(bad, "write.attractiveness", names(bad)["demand"])


def test_a_formula_is_no_target(bad: Place) -> None:
    formula = {"salesforce": "PhotoUrl", "hubspot": "hs_num_open_deals"}[bad.crm]
    bad.edit_mapping(r"^why            = .*$", f'why            = "{formula}"')
    refused(bad, "write.why", formula)


def test_a_secret_in_the_file(bad: Place) -> None:
    secret = {"salesforce": "client_secret", "hubspot": "access_token"}[bad.crm]
    path = bad.folder / "config.toml"
    path.write_text(path.read_text() + f'{secret} = "hush-hush-value"\n')
    said = refused(bad, f"connections.acme.{secret}", f"KPM_CONNECTIONS__ACME__{secret.upper()}")
    assert "hush-hush-value" not in said


def test_a_missing_secret_names_its_variable(bad: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = {"salesforce": "CLIENT_SECRET", "hubspot": "ACCESS_TOKEN"}[bad.crm]
    environment = bad.environment()
    del environment[f"KPM_CONNECTIONS__ACME__{secret}"]
    monkeypatch.setattr(type(bad), "environment", lambda _self: environment)
    refused(bad, f"KPM_CONNECTIONS__ACME__{secret}")


def test_provisioning_without_an_administrator_names_the_variables(
    bad: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = {"salesforce": "CLIENT_SECRET", "hubspot": "ACCESS_TOKEN"}[bad.crm]
    environment = {name: value for name, value in bad.environment().items() if "KPM_ADMIN" not in name}
    monkeypatch.setattr(type(bad), "environment", lambda _self: environment)
    said = " ".join(bad.kpm("provision", "--dry-run", code=3).err.split())
    assert f"KPM_ADMIN__ACME__{secret} (" in said
    assert "..." not in said


def test_an_unreachable_host(bad: Place) -> None:
    path = bad.folder / "config.toml"
    path.write_text(path.read_text().replace(bad.sandbox.url, "http://127.0.0.1:9"))
    refused(bad, "127.0.0.1:9", code=4)


def test_a_wrong_credential_says_who_must_act(bad: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = {"salesforce": "CLIENT_SECRET", "hubspot": "ACCESS_TOKEN"}[bad.crm]
    environment: dict[str, Any] = {
        **bad.environment(),
        f"KPM_CONNECTIONS__ACME__{secret}": "revoked-and-gone",
    }
    monkeypatch.setattr(type(bad), "environment", lambda _self: environment)
    said = refused(bad, f"KPM_CONNECTIONS__ACME__{secret}", code=3)
    assert "revoked-and-gone" not in said


def test_an_unknown_command_and_a_wrong_option(bad: Place) -> None:
    bad.kpm("plann", code=64)
    bad.kpm("plan", "--as-of", "yesterday", code=64)


def test_no_configuration_says_how_to_begin(bad: Place) -> None:
    finished = bad.kpm("--config", "nowhere.toml", "plan", code=2)
    assert "kpm init" in finished.err


def test_a_revoked_token(bad: Place) -> None:
    bad.sandbox.visibility(bad.crm, Visibility("revoke_tokens"))
    try:
        refused(bad, code=3)
    finally:
        bad.sandbox.visibility(bad.crm, Visibility("restore_tokens"))


def test_a_hidden_field_says_for_whom_and_what_to_do(bad: Place) -> None:
    kind = {"salesforce": "Account", "hubspot": "companies"}[bad.crm]
    field = names(bad)["size"]
    bad.sandbox.visibility(bad.crm, Visibility("hide_field", object=kind, field=field))
    try:
        refused(bad, field)
    finally:
        bad.sandbox.visibility(bad.crm, Visibility("show_field", object=kind, field=field))


@pytest.mark.parametrize(
    "shared", ["salesforce"], indirect=True
)  # HubSpot's texts have one length, which is enough
def test_a_target_that_is_too_short(bad: Place) -> None:
    bad.edit_mapping(r"^why            = .*$", 'why            = "AccountNumber"')
    refused(bad, "write.why", "AccountNumber", "255")


def test_a_target_of_another_type(bad: Place) -> None:
    wrong = {"salesforce": "NumberOfEmployees", "hubspot": "numberofemployees"}[bad.crm]
    bad.edit_mapping(
        rf'source    = \{{ field = "{wrong}" \}}', f'source    = {{ field = "{names(bad)["demand"]}" }}'
    )
    bad.edit_mapping(rf'^size     = "{wrong}"$', "")
    bad.edit_mapping(r"^why            = .*$", f'why            = "{wrong}"')
    refused(bad, "write.why", wrong)


@pytest.mark.proof  # half a minute for what the unit tests of the live pass tell
def test_a_target_that_lacks_options_is_made_whole_by_provisioning(tmp_path: Path) -> None:
    """One line with one remedy in a check, which goes on as a plan does; a sync stops. HubSpot restricts them all."""
    with Sandbox(("hubspot",), accounts=40, seed=3, today=AS_OF) as sandbox:
        here = place("hubspot", tmp_path, sandbox)
        options = [{"value": "protect", "label": "Key", "displayOrder": 0, "hidden": False}]
        zone = {"name": "cf_zone", "label": "Zone", "groupName": "companyinformation", "type": "enumeration"}
        reply = requests.post(
            f"{sandbox.url}/crm/v3/properties/companies",
            json={**zone, "fieldType": "select", "options": options},
            headers={"Authorization": "Bearer sandbox-admin-token"},
            timeout=60,
        )
        assert reply.status_code == 201, reply.text
        here.edit_mapping(r"^segment        = .*$", 'segment        = "cf_zone"')
        checked = here.kpm("check", "--quick").out
        assert "Go, after kpm provision; kpm plan shows the result already now" in " ".join(checked.split())
        assert checked.count("cf_zone") == 1
        planned = here.kpm("plan", "--as-of", AS_OF.isoformat(), "--json").json()
        assert planned["fields"]["cf_zone"] > 0
        said = refused(here, "write.segment", "cf_zone lacks the options", "kpm provision")
        assert "restriction" not in said
        here.kpm("provision", "--yes")
        refused_by_nobody = here.kpm("check", "--quick").out
        assert "lacks the options" not in refused_by_nobody
        assert here.sync()["written"] > 0


@pytest.mark.parametrize("shared", ["hubspot"], indirect=True)  # Salesforce's labels are its stored values
def test_labels_in_place_of_stored_values(bad: Place) -> None:
    """What people see is never what is compared: nobody would have the role, no ticket would be an error."""
    bad.edit_mapping(r'"DECISION_MAKER"', '"Decision maker"')
    bad.edit_mapping(r'"ORDER_ERROR"', '"Order error"')
    role = "criteria[decision_access].source.required[1]"
    where = "criteria[processes].source.where[1]"
    for command in ("plan", "sync"):
        said = refused(bad, role, where, command=command)
        assert 'the stored value is "DECISION_MAKER"' in said
        assert 'the stored value is "ORDER_ERROR"' in said
    checked = bad.kpm("check", "--quick", code=8).out
    assert "✗" in checked
    assert role in checked


@pytest.mark.parametrize("shared", ["hubspot"], indirect=True)
def test_a_simulation_knows_the_labels_of_what_was_read(bad: Place) -> None:
    bad.kpm("plan", "--as-of", AS_OF.isoformat())
    asked = ("simulate", "--as-of", AS_OF.isoformat(), "--set")
    said = bad.kpm(*asked, 'portfolio.any[1].in=["Customer"]').err  # the stored value, in another case
    assert "label" not in said
    draft = bad.folder / "draft.toml"
    draft.write_text(bad.mapping.read_text().replace('"kpm_strategy"', '"industry"'))
    said = bad.kpm("simulate", "--as-of", AS_OF.isoformat(), "--mapping", "draft.toml", code=2).err
    assert "draft.toml: criteria[clear_strategy].scale.scores" in said
