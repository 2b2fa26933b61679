"""A mapping in German: every list and page about accounts and the method speaks German, through the command."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.end_to_end.conftest import ACCOUNTS, AS_OF, Place
from tests.end_to_end.test_overrides import FIELDS, with_overrides
from tests.unit.reports.languages import CODE, ENGLISH, GERMAN, tokens

IDS = ("message", "verdict")
"""Keys of JSON whose texts are English: notes, which have a German one beside them, and verdicts, which are ids."""
DAY = ("--as-of", AS_OF.isoformat())
STORED = (
    "Clear, Partly, None, Customer, Direct, Channel, Economic Decision Maker, Executive Sponsor",
    "Account",
    "acme",
    "amount",  # HubSpot's name of a field
)
"""What the CRM holds, and names, whatever the language."""


def speaks_german(text: str, names: set[str]) -> None:
    for line in text.splitlines():
        if not line.startswith("Wrote"):  # where a file lies is said in English
            foreign = (tokens(CODE.sub(" ", line)) - names) & ENGLISH
            assert not foreign, (sorted(foreign), line)
    assert len(tokens(text) & GERMAN) > 5, text


def sentences(found: Any) -> str:
    """All that people read in a JSON value: texts with blanks."""
    if isinstance(found, dict):
        return "\n".join(sentences(each) for key, each in found.items() if key not in IDS)
    if isinstance(found, list):
        return "\n".join(map(sentences, found))
    return found if isinstance(found, str) and " " in found else ""


@pytest.mark.proof  # tests/unit/reports renders every list in both languages; this is the same through the command
def test_a_german_mapping_speaks_german(here: Place) -> None:
    here.edit_mapping(r'^language = "en"', 'language = "de"')
    with_overrides(here, "x17,segment,protect,,,\n")
    here.sync(as_of=AS_OF - timedelta(days=90))
    explained = here.kpm("explain", "--all", "--json").lines()
    names = tokens(" ".join([*(str(one["account"]["name"]) for one in explained), *STORED]))
    names |= tokens(" ".join(str(one["account"]["owner"]) for one in explained))
    one = next(each for each in explained if each["member"] and each["segment"] not in ("unrated", "retreat"))
    zone, owner, reason, _ = FIELDS[here.crm]
    values = {zone: "retreat", owner: "Anna", reason: "Vorstand"}
    here.sandbox.edit(here.crm, ACCOUNTS[here.crm], id=one["account"]["id"], values=values)
    here.sync()
    speaks_german(sentences(here.kpm("explain", "--all", "--json").lines()), names)
    speaks_german(here.kpm("explain", "--all").out, names)
    outside = next(each["account"]["id"] for each in explained if not each["member"])
    assert "gilt nicht: " in here.kpm("explain", outside).out
    for command in (
        ("matrix",),
        ("overrides", *DAY),
        ("potential-check", *DAY),
        ("plan", *DAY),
        ("simulate", "--set", "matrix.threshold.potential=60"),
        ("campaigns", "propose"),
        ("campaigns", "start", "--best", "--anyway", *DAY),
        ("campaigns", "list", *DAY),
        ("campaigns", "close", *DAY),
    ):
        speaks_german(here.kpm(*command).out, names)
        if command[0] in ("matrix", "overrides", "potential-check", "plan"):
            speaks_german(sentences(here.kpm(*command, "--json").json()), names)
    here.kpm("report", "--output", "report.html")
    text = re.sub(
        "<style>.*?</style>|<[^>]*>", " ", (here.folder / "report.html").read_text("utf-8"), flags=re.DOTALL
    )
    speaks_german(text, names)
