"""The page on configuration: its examples load, and it names every setting."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from connector.config import (
    Config,
    HubspotConnection,
    SalesforceConnection,
    Schedule,
    Store,
    SyncLimits,
    load,
)

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_the_examples_load_together(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("\n".join(EXAMPLES), encoding="utf-8")
    secrets = {
        "KPM_CONNECTIONS__ACME__CLIENT_SECRET": "hush",
        "KPM_CONNECTIONS__PORTAL__ACCESS_TOKEN": "hush",
    }
    settings = load(file, secrets)
    assert set(settings.connections) == {"acme", "portal"}
    assert (settings.schedule, settings.sync) == (Schedule(), SyncLimits())  # the page shows the defaults
    assert set(tomllib.loads(EXAMPLES[-1])) == {"store", "schedule", "sync"}


@pytest.mark.parametrize(
    "part",
    [SalesforceConnection, HubspotConnection, Store, Schedule, SyncLimits],
    ids=lambda part: part.__name__,
)
def test_every_setting_is_named(part: type[BaseModel]) -> None:
    for name in part.model_fields:
        assert re.search(rf"\b({name}|{name.upper()})\b", PAGE), f"{name} is not in docs/configuration.md"


def test_the_page_knows_every_section() -> None:
    for name in Config.model_fields:
        assert name == "file" or f"[{name}" in PAGE
