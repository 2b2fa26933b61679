"""Definitions as a project that the Salesforce CLI deploys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import orjson
import pytest

from adapters.salesforce import SalesforceCrm
from adapters.sandbox import Sandbox
from connector.crm import FieldSpec, FieldType, Option
from tests.unit.adapters.salesforce.test_provision import READS, SPECS, opened

SPACE = "{http://soap.sforce.com/2006/04/metadata}"


@pytest.fixture
def day_one() -> Iterator[Sandbox]:
    with Sandbox(crms=("salesforce",), accounts=20, ratings=False) as running:
        yield running


def parsed(file: Path) -> ET.Element:
    return ET.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314 - our own file


def text(element: ET.Element, path: str) -> str | None:
    return element.findtext("/".join(SPACE + step for step in path.split("/")))


def emitted(crm: SalesforceCrm, folder: Path, specs: tuple[FieldSpec, ...] = SPECS) -> dict[str, Path]:
    files = crm.emit(specs, READS, folder)
    assert files == sorted(files)
    assert all(file.is_relative_to(folder) for file in files)
    return {file.name: file for file in files}


def test_a_project_with_every_field_and_both_permission_sets(day_one: Sandbox, tmp_path: Path) -> None:
    files = emitted(opened(day_one, "admin"), tmp_path)
    project = orjson.loads(files["sfdx-project.json"].read_bytes())
    assert project["packageDirectories"] == [{"path": "force-app", "default": True}]
    assert project["sourceApiVersion"] == "64.0"
    base = tmp_path / "force-app" / "main" / "default"
    assert files["KPM_Why__c.field-meta.xml"].parent == base / "objects" / "Account" / "fields"
    assert files["KPM_Sync.permissionset-meta.xml"].parent == base / "permissionsets"
    assert {f"{spec.name}.field-meta.xml" for spec in SPECS} <= set(files)

    zone = parsed(files["KPM_Segment__c.field-meta.xml"])
    assert zone.tag == f"{SPACE}CustomField"
    assert text(zone, "fullName") == "KPM_Segment__c"
    assert text(zone, "type") == "Picklist"
    assert text(zone, "valueSet/restricted") == "false"
    assert text(zone, "valueSet/valueSetDefinition/value/fullName") == "protect"
    assert text(zone, "valueSet/valueSetDefinition/value/label") == "Key account"
    badge = parsed(files["KPM_Segment_Badge__c.field-meta.xml"])
    assert str(text(badge, "formula")).startswith("IMAGE(CASE(TEXT(KPM_Segment__c)")
    number = parsed(files["KPM_Potential__c.field-meta.xml"])
    assert (text(number, "precision"), text(number, "scale")) == ("5", "0")

    sync = parsed(files["KPM_Sync.permissionset-meta.xml"])
    rights = {
        each.findtext(f"{SPACE}object"): (
            each.findtext(f"{SPACE}allowEdit"),
            each.findtext(f"{SPACE}viewAllRecords"),
            each.findtext(f"{SPACE}allowDelete"),
        )
        for each in sync.iter(f"{SPACE}objectPermissions")
    }
    assert rights["Account"] == ("true", "true", "false")
    assert rights["Opportunity"] == ("false", "true", "false")
    granted = {
        each.findtext(f"{SPACE}field"): each.findtext(f"{SPACE}editable")
        for each in sync.iter(f"{SPACE}fieldPermissions")
    }
    assert granted["Account.KPM_Why__c"] == "true"
    assert granted["Account.KPM_Chemistry__c"] == "false"
    assert granted["Account.KPM_Segment_Badge__c"] == "false"
    assert granted["Account.Industry"] == "false"
    assert "Account.Name" not in granted  # always visible: a deployment with it would fail
    people = parsed(files["KPM_User.permissionset-meta.xml"])
    assert not list(people.iter(f"{SPACE}objectPermissions"))


def test_nothing_is_sent(day_one: Sandbox, tmp_path: Path) -> None:
    crm = opened(day_one, "sync")
    crm.describe("accounts")
    day_one.clear_requests()
    emitted(crm, tmp_path)
    assert day_one.requests()["writes"] == 0
    assert "KPM_Why__c" not in opened(day_one, "admin").describe("accounts")


@pytest.mark.parametrize("who", ["admin", "sync"])
def test_what_the_org_has_is_kept(day_one: Sandbox, tmp_path: Path, who: str) -> None:
    """A deployment replaces a definition whole: values, label and size that are there stand in the file."""
    administrator = opened(day_one, "admin")
    own = replace(
        SPECS[0],
        label="Our own label",
        options=(Option("vip", "Our own value"), Option("PROTECT", "Ours too")),
    )
    score = FieldSpec("KPM_Potential__c", "Potential", FieldType.NUMBER, precision=9, scale=2)
    why = FieldSpec("KPM_Why__c", "Why", FieldType.NUMBER, precision=5, scale=0)
    administrator.provision([own, score, why], {}, nightly_user="sync@sandbox.example")
    files = emitted(opened(day_one, who), tmp_path, (*SPECS, FieldSpec("Industry", "x", FieldType.TEXT)))
    zone = parsed(files["KPM_Segment__c.field-meta.xml"])
    assert text(zone, "label") == "Our own label"
    values = [each.findtext(f"{SPACE}fullName") for each in zone.iter(f"{SPACE}value")]
    assert values == ["vip", "PROTECT"]
    number = parsed(files["KPM_Potential__c.field-meta.xml"])
    assert (text(number, "precision"), text(number, "scale")) == ("9", "2")
    assert "KPM_Why__c.field-meta.xml" not in files  # a number there, a text here: not ours to turn
    assert "Industry.field-meta.xml" not in files


def test_the_files_say_what_provisioning_does(day_one: Sandbox, tmp_path: Path) -> None:
    """Fields created from the files' own words are as provisioning creates them."""
    files = emitted(opened(day_one, "admin"), tmp_path)
    administrator = opened(day_one, "admin")
    administrator.provision(SPECS, READS)
    (tmp_path / "after").mkdir()
    again = emitted(opened(day_one, "admin"), tmp_path / "after")
    before = {name: file.read_text() for name, file in files.items()}
    assert {name: file.read_text() for name, file in again.items()} == before


def test_special_characters_are_escaped(day_one: Sandbox, tmp_path: Path) -> None:
    spec = FieldSpec("KPM_X__c", "R&D <b>", FieldType.TEXT, 'Ä "quoted" & more', length=10)
    files = emitted(opened(day_one, "admin"), tmp_path, (spec,))
    field = parsed(files["KPM_X__c.field-meta.xml"])
    assert text(field, "label") == "R&D <b>"
    assert text(field, "inlineHelpText") == 'Ä "quoted" & more'
