from __future__ import annotations

from tests.end_to_end.conftest import Place


def test_refused_changes_are_listed_with_what_to_do_and_tried_again(here: Place) -> None:
    here.sandbox.fault("partial_batch")
    summary = here.sync(code=1)
    here.sandbox.clear_faults()
    found = here.kpm("rejects", "--json", code=1).json()
    assert len(found["rejects"]) == summary["rejected"] > 0
    for one in found["rejects"]:
        assert one["account"] in one["url"]
        assert one["name"]
        assert one["code"]
        assert one["message"]
        assert one["values"]
        assert one["remedy"]
    shown = here.kpm("rejects", str(found["run"]), code=1)
    assert found["rejects"][0]["code"] in shown.out

    run = here.kpm("runs", str(found["run"]), "--json").json()
    assert sum(run["calls"].values()) >= run["minimum"] > 0
    assert "in all" in here.kpm("runs", str(found["run"])).out

    assert here.sync()["written"] == summary["rejected"]
    assert "every change reached the CRM" in here.kpm("rejects").out
    assert "no run 99" in here.kpm("rejects", "99", code=2).err
