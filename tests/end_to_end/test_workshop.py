"""From a workshop to a sync and the page that is signed, through the installed command."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.end_to_end.conftest import Place

ANSWERS = (
    "de", "eur", "1 2 9", "1 2", "Zahlungskraft", "rated", "schwach", "", "mittel", "", "stark", "",
    "40 40", "40 40 20",
    "1 3", "", "Regelmaessig", "number", "", "{field}", "0", "0", "0", "12", "", "",
)  # fmt: skip
"""With slips of the pen: a number too high, too few weights, too few criteria, no field, a scale without length."""


def asked(here: Place, *arguments: str, answers: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "connector", "init", "--crm", here.crm, "--workshop", *arguments]
    done = subprocess.run(
        command,
        cwd=here.folder,
        env=here.environment(),
        input=answers,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_a_workshop_ends_in_zones_and_a_page_to_sign(here: Place) -> None:
    before = here.mapping.read_text()
    field = {"salesforce": "NumberOfEmployees", "hubspot": "numberofemployees"}[here.crm]
    answers = "\n".join(ANSWERS).format(field=field) + "\n"
    assert "--replace" in asked(here, answers=answers, code=2)  # what is there is not lost unasked
    assert here.mapping.read_text() == before
    half = answers[: len(answers) // 2]
    asked(here, "--replace", answers=half, code=130)  # who leaves early leaves everything as it was
    assert here.mapping.read_text() == before

    assert "replaced" in asked(here, "--replace", answers=answers)
    here.kpm("check", "--quick")
    here.kpm("provision", "--yes")
    assert here.sync()["written"] > 50

    found = here.kpm("matrix", "--json").json()
    assert found["heading"]["in_force"]
    rows = {row["id"]: row for part in found["dimensions"] for row in part["criteria"]}
    assert list(rows) == [
        "future_demand",
        "headroom",
        "zahlungskraft",
        "decision_access",
        "chemistry",
        "regelmaessig",
    ]
    assert [row["share"] for row in rows.values()][:3] == [40, 40, 20]
    assert rows["zahlungskraft"]["ways"][0]["anchors"][0] == [0, "1: schwach"]
    assert len(found["changes"]) == 1

    here.edit_mapping(r"^weight    = 20", "weight    = 30")
    assert not here.kpm("matrix", "--json").json()["heading"]["in_force"]
    here.sync("--accept-movement")
    here.kpm("matrix", "--output", "matrix.html")
    page = (here.folder / "matrix.html").read_text()
    assert "criteria[zahlungskraft].weight: 20 → 30" in page
    assert "Bewertungsmatrix" in page
    told = " ".join(here.kpm("matrix").out.split())
    assert "Wer hat was seit wann geändert" in told
    assert json.dumps(found, ensure_ascii=False).count("Regelmaessig") >= 1
