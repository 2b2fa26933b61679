"""Scales that fit the portfolio: proposed, tried, and on a yes written into the mapping with its comments kept."""

from __future__ import annotations

import re
from pathlib import Path

from adapters.sandbox import Sandbox
from tests.end_to_end.conftest import AS_OF, Crm, place

NUMBER = re.compile(r"(zero|full|edges) = [\d_.]+")


def test_numbers_are_written_and_comments_stay(crm: Crm, tmp_path: Path) -> None:
    with Sandbox((crm,), accounts=150, seed=5, today=AS_OF) as sandbox:
        here = place(crm, tmp_path, sandbox)
        here.kpm("plan", "--as-of", AS_OF.isoformat())
    before = here.mapping.read_text("utf-8")
    asked = ["calibrate", "--as-of", AS_OF.isoformat()]
    found = here.kpm(*asked, "--json").json()
    assert found["settings"]
    assert found["simulation"]["accounts"] > 0
    told = here.kpm(*asked)
    assert "Nothing was changed; --yes writes the numbers." in told.out
    assert here.mapping.read_text("utf-8") == before
    assert "Wrote" in here.kpm(*asked, "--yes").out
    after = here.mapping.read_text("utf-8")
    assert after != before
    assert NUMBER.sub("", after) == NUMBER.sub("", before)
    again = here.kpm(*asked, "--json").json()
    assert again["settings"] == []
    assert again["simulation"] is None
    wrong = here.kpm("calibrate", "company_sise", code=2)
    assert 'did you mean "company_size"?' in " ".join(wrong.err.replace("│", "").split())
