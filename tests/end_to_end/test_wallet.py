"""`kpm wallet` on the sandbox: sources judged by what people entered, from the data that was read last."""

from __future__ import annotations

from pathlib import Path

import requests

from adapters.sandbox import Sandbox
from tests.end_to_end.conftest import AS_OF, Crm, place


def test_each_source_is_judged_without_a_call(crm: Crm, tmp_path: Path) -> None:
    with Sandbox((crm,), accounts=300, seed=5, today=AS_OF) as sandbox:
        here = place(crm, tmp_path, sandbox)
        assert "Nothing was read from the CRM yet" in here.kpm("wallet", code=2).err
        here.kpm("provision", "--yes")
        here.sync()
        requests.delete(f"{sandbox.url}/sandbox/requests", timeout=30).raise_for_status()
        found = here.kpm("wallet", "--json").json()
        told = here.kpm("wallet").out
        assert not requests.get(f"{sandbox.url}/sandbox/requests", timeout=30).json()["counts"]
    names = [each["source"] for each in found["sources"]]
    assert names == ["field", "activity", "model", "peer_p80"]
    assert [each["source"] for each in found["compared_with"]] == ["own spend", "random"]
    answered = sum(each["answers"] for each in found["sources"])
    assert answered + found["without"] == found["accounts"]
    assert found["entered"] <= found["sources"][0]["answers"]
    assert not found["model"]["trained"] or found["model"]["wallets"] >= 80
    assert "what people entered" in told
    assert "random order" in told
    assert "top 20 %" in told
