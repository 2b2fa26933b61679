"""A folder to start from."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from connector import config
from connector.admin.init import Initialised, initialise
from connector.crm import CrmName
from connector.errors import ConfigError
from connector.mapping import load

DAY = date(2026, 11, 24)
SECRETS: dict[CrmName, dict[str, str]] = {
    "salesforce": {},  # a signed login: the key file is the secret
    "hubspot": {"KPM_CONNECTIONS__HUBSPOT__ACCESS_TOKEN": "hush"},
}


def actions(made: Initialised, folder: Path) -> dict[str, str]:
    return {str(file.path.relative_to(folder)): file.action for file in made.files}


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_what_is_written_works(crm: CrmName, tmp_path: Path) -> None:
    made = initialise(tmp_path / "new", crm, today=DAY)
    assert set(actions(made, tmp_path / "new").values()) == {"created"}
    settings = config.load(tmp_path / "new" / "config.toml", SECRETS[crm])
    assert list(settings.connections) == [crm]
    mapping = load(settings.connections[crm].mapping, crm)
    assert mapping.crm == crm
    assert (tmp_path / "new" / "mappings" / "mapping.schema.json").is_file()
    assert str(DAY) in (tmp_path / "new" / "config.toml").read_text()
    assert made.add is None
    assert any("kpm --config" in step and "check" in step for step in made.next_steps)


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_the_example_of_the_environment_names_the_secret(crm: CrmName, tmp_path: Path) -> None:
    initialise(tmp_path, crm, today=DAY)
    example = (tmp_path / ".env.example").read_text()
    assert all(f"{name}=\n" in example for name in SECRETS[crm])
    assert "*.key\n" in (tmp_path / ".gitignore").read_text()
    assert f"KPM_ADMIN__{crm.upper()}__" in example
    assert ".env\n" in (tmp_path / ".gitignore").read_text()


def test_what_exists_is_kept(tmp_path: Path) -> None:
    initialise(tmp_path, "salesforce", today=DAY)
    mapping = tmp_path / "mappings" / "salesforce.toml"
    mapping.write_text("# mine\n")
    made = initialise(tmp_path, "salesforce", today=DAY)
    assert set(actions(made, tmp_path).values()) == {"kept"}
    assert mapping.read_text() == "# mine\n"


def test_what_is_replaced_is_saved_beside_it(tmp_path: Path) -> None:
    initialise(tmp_path, "salesforce", today=DAY)
    mapping = tmp_path / "mappings" / "salesforce.toml"
    for text in ("# first\n", "# second\n"):
        mapping.write_text(text)
        made = initialise(tmp_path, "salesforce", today=DAY, replace=True)
    found = actions(made, tmp_path)
    assert found.pop("mappings/salesforce.toml") == "replaced"
    assert set(found.values()) == {"kept"}
    saved = [file.saved for file in made.files if file.saved]
    assert [path.name for path in saved] == ["salesforce.toml.old2"]
    assert saved[0].read_text() == "# second\n"
    assert (tmp_path / "mappings" / "salesforce.toml.old1").read_text() == "# first\n"
    assert load(mapping).crm == "salesforce"


def test_a_second_crm_is_added_by_hand_to_a_configuration_that_is_kept(tmp_path: Path) -> None:
    initialise(tmp_path, "salesforce", today=DAY)
    made = initialise(tmp_path, "hubspot", today=DAY)
    assert actions(made, tmp_path)["config.toml"] == "kept"
    assert made.add is not None
    assert "Add the connection" in made.next_steps[0]
    file = tmp_path / "config.toml"
    file.write_text(file.read_text() + "\n" + made.add)
    settings = config.load(file, SECRETS["salesforce"] | SECRETS["hubspot"])
    assert set(settings.connections) == {"salesforce", "hubspot"}


def test_mappings_alone(tmp_path: Path) -> None:
    made = initialise(tmp_path, "hubspot", today=DAY, mapping_only=True)
    assert set(actions(made, tmp_path)) == {
        "mappings/hubspot.toml",
        "mappings/hubspot-minimal.toml",
        "mappings/mapping.schema.json",
    }
    assert made.next_steps == ()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be written: .*--folder"):
        initialise(tmp_path / "file", "hubspot", today=DAY)
