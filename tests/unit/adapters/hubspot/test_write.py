from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest
import requests

from adapters.hubspot import HubspotCrm
from adapters.sandbox.server import Sandbox
from adapters.sandbox.side import Visibility
from connector.crm import ID, SEND, WAS, FieldSpec, FieldType
from connector.errors import CrmAuthError, CrmError, CrmRequestError, CrmTemporaryError
from tests.contract.fake import Jobs
from tests.unit.adapters.hubspot.conftest import QUICK, Open
from tests.unit.adapters.hubspot.scripted import Answer, Asked, Scripted

Results = dict[str, dict[str, Any]]


def batch(values: Mapping[str, float | None], name: str = "kpm_potential") -> pa.RecordBatch:
    columns = {
        ID: pa.array(list(values), pa.string()),
        name: pa.array(list(values.values()), pa.float64()),
        SEND + name: pa.array([True] * len(values)),
        WAS + name: pa.array([1.0] * len(values), pa.float64()),
    }
    return pa.RecordBatch.from_pydict(columns)


def write(crm: HubspotCrm, values: Mapping[str, float | None]) -> Results:
    (result,) = crm.write([batch(values)], len(values), Jobs())
    return {row[ID]: row for row in result.to_pylist()}


def outcomes(results: Results) -> dict[str, str]:
    return {key: f"{row['outcome']} {row['code'] or ''}".strip() for key, row in results.items()}


def accepted(asked: Asked, *without: str) -> Answer:
    """The answer to a batch, out of order, that leaves some records out."""
    inputs = [each for each in reversed(asked.body["inputs"]) if each["id"] not in without]
    return Answer({"results": [{"id": each["id"], "properties": each["properties"]} for each in inputs]})


def test_numbers_go_out_plainly_and_null_as_the_empty_text(server: Scripted, opened: Open) -> None:
    server.on("/batch/update", accepted)
    results = write(opened(server.url), {"1": 16147805824397.0, "2": None})
    assert outcomes(results) == {"1": "written", "2": "written"}
    assert server.to("/batch/update")[0].body["inputs"] == [
        {"id": "1", "properties": {"kpm_potential": "16147805824397"}, "objectWriteTraceId": "1"},
        {"id": "2", "properties": {"kpm_potential": ""}, "objectWriteTraceId": "2"},
    ]


def test_a_number_that_hubspot_cannot_hold_is_not_sent(server: Scripted, opened: Open) -> None:
    server.on("/batch/update", accepted)
    results = write(opened(server.url), {"1": math.inf, "2": 5.0})
    assert outcomes(results) == {"1": "rejected NOT_A_NUMBER", "2": "written"}
    assert results["1"]["fields"] == "kpm_potential"


def test_a_change_with_nothing_to_send_is_done(server: Scripted, opened: Open) -> None:
    columns = {
        ID: ["1"],
        "kpm_potential": pa.array([1.0]),
        SEND + "kpm_potential": pa.array([False]),
    }
    (result,) = opened(server.url).write([pa.RecordBatch.from_pydict(columns)], 1, Jobs())
    assert result["outcome"].to_pylist() == ["written"]
    assert not server.to("/batch/update")


def test_one_error_may_name_several_records(server: Scripted, opened: Open) -> None:
    error = {
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some objects",
        "context": {"ids": ["1", "3"]},
    }

    def answer(asked: Asked) -> Answer:
        return Answer({**accepted(asked, "1", "3").body, "errors": [error], "numErrors": 1}, 207)

    server.on("/batch/update", answer)
    results = write(opened(server.url), {"1": 1.0, "2": 2.0, "3": 3.0})
    assert outcomes(results) == {
        "1": "rejected OBJECT_NOT_FOUND",
        "2": "written",
        "3": "rejected OBJECT_NOT_FOUND",
    }
    assert results["1"]["message"] == "OBJECT_NOT_FOUND: Could not get some objects"


def test_an_error_that_names_nobody_concerns_the_record_that_is_left(server: Scripted, opened: Open) -> None:
    def answer(asked: Asked) -> Answer:
        error = {"category": "VALIDATION_ERROR", "message": "no", "errors": [{"code": "INVALID_INTEGER"}]}
        return Answer({**accepted(asked, "2").body, "errors": [error]}, 207)

    server.on("/batch/update", answer)
    assert outcomes(write(opened(server.url), {"1": 1.0, "2": 2.0})) == {
        "1": "written",
        "2": "rejected INVALID_INTEGER",
    }


def test_a_record_left_out_without_a_word_is_looked_up(server: Scripted, opened: Open) -> None:
    server.on("/batch/update", lambda asked: accepted(asked, "2", "3", "4"))
    stored = [
        {"id": "2", "properties": {"kpm_potential": "2.0"}},
        {"id": "3", "properties": {"kpm_potential": "99"}},
    ]
    server.on("/batch/read", Answer({"results": stored}))
    results = write(opened(server.url), {"1": 1.0, "2": 2.0, "3": 3.0, "4": 4.0})
    assert outcomes(results) == {
        "1": "written",
        "2": "written",  # it was written after all
        "3": "rejected NOT_WRITTEN",
        "4": "rejected NOT_WRITTEN",
    }
    assert {each["id"] for each in server.to("/batch/read")[0].body["inputs"]} == {"2", "3", "4"}


def test_a_success_with_nothing_in_it_is_no_success(server: Scripted, opened: Open) -> None:
    server.on("/batch/update", Answer({"status": "COMPLETE", "results": []}))
    server.on("/batch/read", Answer({"results": []}))
    assert outcomes(write(opened(server.url), {"1": 1.0})) == {"1": "rejected NOT_WRITTEN"}


def test_a_batch_refused_as_a_whole_is_halved_until_the_bad_row_is_alone(
    server: Scripted, opened: Open
) -> None:
    def answer(asked: Asked) -> Answer:
        if any(each["id"] == "13" for each in asked.body["inputs"]):
            return Answer({"category": "VALIDATION_ERROR", "message": "bad", "correlationId": "c-1"}, 400)
        return accepted(asked)

    server.on("/batch/update", answer)
    results = write(opened(server.url), {str(number): 1.0 for number in range(100)})
    refused = {key: row for key, row in results.items() if row["outcome"] != "written"}
    assert set(refused) == {"13"}
    assert refused["13"]["message"] == "VALIDATION_ERROR: bad (correlationId c-1)"
    assert len(server.to("/batch/update")) < 20


def test_rows_refused_for_now_go_again_alone(server: Scripted, opened: Open) -> None:
    busy = {"category": "INTERNAL_ERROR", "message": "later", "context": {"ids": ["2"]}}
    server.on(
        "/batch/update", lambda asked: Answer({**accepted(asked, "2").body, "errors": [busy]}, 207), accepted
    )
    assert outcomes(write(opened(server.url), {"1": 1.0, "2": 2.0})) == {"1": "written", "2": "written"}
    assert [len(each.body["inputs"]) for each in server.to("/batch/update")] == [2, 1]


def test_rows_refused_for_now_again_and_again_are_rejected(server: Scripted, opened: Open) -> None:
    busy = {"category": "INTERNAL_ERROR", "message": "later", "context": {"ids": ["2"]}}
    server.on("/batch/update", lambda asked: Answer({**accepted(asked, "2").body, "errors": [busy]}, 207))
    assert outcomes(write(opened(server.url), {"1": 1.0, "2": 2.0})) == {
        "1": "written",
        "2": "rejected INTERNAL_ERROR",
    }
    assert len(server.to("/batch/update")) == min(QUICK.attempts, 5)


def test_more_rows_than_a_request_may_hold_go_in_several(server: Scripted, opened: Open) -> None:
    server.on("/batch/update", accepted)
    assert len(write(opened(server.url), {str(number): 1.0 for number in range(250)})) == 250
    assert [len(each.body["inputs"]) for each in server.to("/batch/update")] == [100, 100, 50]
    assert opened(server.url).batch_size(250) == 100


def quota(left: int) -> dict[str, str]:
    return {"X-HubSpot-RateLimit-Daily": "1000", "X-HubSpot-RateLimit-Daily-Remaining": str(left)}


def test_the_quota_share_is_kept_and_the_rest_deferred(server: Scripted, opened: Open) -> None:
    server.on("/batch/update", lambda asked: Answer(accepted(asked).body, headers=quota(499)))
    crm = opened(server.url, quota_share=0.5)
    results = list(crm.write([batch({"1": 1.0}), batch({"2": 1.0})], 2, Jobs()))
    assert [result["outcome"].to_pylist() for result in results] == [["written"], ["deferred"]]
    assert "next run" in results[1]["message"][0].as_py()
    assert len(server.to("/batch/update")) == 1


def test_the_days_end_of_calls_defers(server: Scripted, opened: Open) -> None:
    daily = {
        "category": "RATE_LIMITS",
        "message": "You have reached your daily limit.",
        "policyName": "DAILY",
    }
    server.on("/batch/update", Answer(daily, 429))
    assert outcomes(write(opened(server.url), {"1": 1.0})) == {"1": "deferred QUOTA"}


def test_an_unknown_target_is_named_before_anything_is_sent(server: Scripted, opened: Open) -> None:
    with pytest.raises(CrmRequestError, match=r"companies has no property nope, or the key of user 7"):
        list(opened(server.url).write([batch({"1": 1.0}, "nope")], 1, Jobs()))
    with pytest.raises(CrmRequestError, match="kpm_formula is read-only, as HubSpot computes it"):
        list(opened(server.url).write([batch({"1": 1.0}, "kpm_formula")], 1, Jobs()))
    assert not server.to("/batch/update")


def test_a_target_that_is_locked_in_the_middle_of_a_run_stops_it(own_portal: Sandbox, opened: Open) -> None:
    crm = opened(own_portal.url)
    keys = [row["id"] for row in own_portal.dump("hubspot", "companies") if row["state"] == "live"]
    results = crm.write([batch({key: 5.0}, "numberofemployees") for key in keys[:2]], 2, Jobs())
    assert next(results)["outcome"].to_pylist() == ["written"]
    own_portal.visibility("hubspot", Visibility("lock_field", "companies", "numberofemployees"))
    with pytest.raises(
        CrmAuthError, match=r"numberofemployees is read-only, as the key of user \d+ may not edit it"
    ):
        next(results)


def test_a_missing_scope_to_write_is_named(portal: Sandbox, opened: Open) -> None:
    crm = opened(portal.url, access_token="sandbox-rep-token")
    with pytest.raises(CrmAuthError, match=r"crm\.objects\.companies\.write"):
        list(crm.write([batch({"1": 1.0}, "numberofemployees")], 1, Jobs()))


def test_lasting_trouble_leaves_the_batch_uncertain(server: Scripted, opened: Open) -> None:
    server.on("/batch/update", Answer({"message": "down"}, 503))
    with pytest.raises(CrmTemporaryError, match="write companies"):
        write(opened(server.url), {"1": 1.0})


def test_only_what_is_sent_is_changed(own_portal: Sandbox, opened: Open) -> None:
    admin = opened(own_portal.url, access_token="sandbox-admin-token")
    admin.provision([FieldSpec("kpm_potential", "Potential", FieldType.NUMBER)], {})
    before = {row["id"]: row for row in own_portal.dump("hubspot", "companies")}
    key = next(each for each, row in before.items() if row["state"] == "live")
    assert outcomes(write(opened(own_portal.url), {key: 55.0})) == {key: "written"}
    after = {row["id"]: row for row in own_portal.dump("hubspot", "companies")}
    changed = {
        name
        for name, value in after[key]["properties"].items()
        if before[key]["properties"].get(name) != value
    }
    assert "kpm_potential" in changed
    assert changed <= {"kpm_potential", "hs_lastmodifieddate"}
    assert {each for each in after if after[each] != before[each]} == {key}


def merged_pair(portal: Sandbox) -> tuple[str, str]:
    """A record that was merged, and its survivor."""
    rows = [row for row in portal.dump("hubspot", "companies") if row["state"] == "live"]
    body = {"primaryObjectId": rows[0]["id"], "objectIdToMerge": rows[1]["id"]}
    headers = {"Authorization": "Bearer sandbox-admin-token"}
    path = f"{portal.url}/crm/v3/objects/companies/merge"
    answer = requests.post(path, json=body, headers=headers, timeout=30).json()
    return rows[1]["id"], answer["id"]


def employees(portal: Sandbox, key: str) -> str | None:
    rows = {row["id"]: row["properties"] for row in portal.dump("hubspot", "companies")}
    value: str | None = rows[key]["numberofemployees"]
    return value


@pytest.mark.parametrize("version", ["v3", "2026-09"])
def test_a_merged_record_is_written_under_its_former_id(
    own_portal: Sandbox, opened: Open, version: str
) -> None:
    loser, survivor = merged_pair(own_portal)
    crm = opened(own_portal.url, api_version=version)
    (result,) = crm.write([batch({loser: 4711.0}, "numberofemployees")], 1, Jobs())
    assert result["outcome"].to_pylist() == ["written"]
    assert employees(own_portal, survivor) == "4711"


def test_the_change_of_a_survivor_is_the_one_that_counts(own_portal: Sandbox, opened: Open) -> None:
    loser, survivor = merged_pair(own_portal)
    crm = opened(own_portal.url)
    first, second = crm.write(
        [batch({survivor: 1.0}, "numberofemployees"), batch({loser: 4711.0}, "numberofemployees")],
        2,
        Jobs(),
    )
    assert first["outcome"].to_pylist() == ["written"]
    assert second["code"].to_pylist() == ["MERGED"]
    assert (
        second["message"][0].as_py()
        == f"the record was merged into {survivor}, which has a change of its own"
    )
    assert employees(own_portal, survivor) == "1"


def test_a_record_that_is_gone_stays_refused(own_portal: Sandbox, opened: Open) -> None:
    key = next(row["id"] for row in own_portal.dump("hubspot", "companies") if row["state"] == "archived")
    (result,) = opened(own_portal.url).write([batch({key: 1.0, "404": 1.0}, "numberofemployees")], 2, Jobs())
    assert result["outcome"].to_pylist() == ["rejected"] * 2
    assert result["code"].to_pylist() == ["OBJECT_NOT_FOUND"] * 2


def test_what_a_single_call_refuses_is_told_in_its_words(server: Scripted, opened: Open) -> None:
    server.on("/batch/update", Answer({"status": "COMPLETE", "results": []}))
    server.on("/batch/read", Answer({"results": []}))
    refusal = {"category": "VALIDATION_ERROR", "message": "not today", "errors": [{"code": "RULE"}]}
    server.on(
        "/companies/1",
        lambda asked: Answer({"id": "9"}) if asked.method == "GET" else Answer(refusal, 400),
    )
    results = write(opened(server.url), {"1": 1.0})
    assert outcomes(results) == {"1": "rejected RULE"}
    assert results["1"]["message"] == "VALIDATION_ERROR: not today"


class Store:
    """A server that keeps what is written, and loses answers."""

    def __init__(self, losses: list[str]) -> None:
        self.held: dict[str, str] = {}
        self.writes: dict[str, int] = {}
        self._losses = losses

    def update(self, asked: Asked) -> Answer:
        loss = self._losses.pop(0) if self._losses else ""
        inputs = asked.body["inputs"]
        kept = {"half": inputs[: len(inputs) // 2], "none": []}.get(loss, inputs)
        for each in kept:
            self.held[each["id"]] = each["properties"]["kpm_potential"]
            self.writes[each["id"]] = self.writes.get(each["id"], 0) + 1
        if loss == "none":
            return Answer({"category": "RATE_LIMITS", "message": "later"}, 503)
        if loss == "cut":
            return Answer(b'{"results": [', 200)
        if loss == "reset":
            return Answer({}, headers={"Content-Length": "999"})
        if loss:
            return Answer(b"<html><body><h1>502 Bad Gateway</h1></body></html>", 502)
        return accepted(asked)

    def read(self, asked: Asked) -> Answer:
        found = [
            {"id": each["id"], "properties": {"kpm_potential": self.held[each["id"]]}}
            for each in asked.body["inputs"]
            if each["id"] in self.held
        ]
        return Answer({"results": found})


@pytest.mark.parametrize("loss", ["all", "half", "cut", "reset"])
def test_a_lost_answer_is_settled_by_reading_back(server: Scripted, opened: Open, loss: str) -> None:
    store = Store([loss])
    server.on("/batch/update", store.update)
    server.on("/batch/read", store.read)
    values = {str(number): float(number) for number in range(1, 41)}
    results = write(opened(server.url, read_seconds=0.5), values)
    assert set(outcomes(results).values()) == {"written"}
    assert store.held == {key: str(int(value)) for key, value in values.items()}
    assert set(store.writes.values()) == {1}  # nothing was written twice
    sent = [len(each.body["inputs"]) for each in server.to("/batch/update")]
    assert sent == ([40, 20] if loss == "half" else [40])
    assert len(server.to("/batch/read")) == 1


def test_what_was_refused_before_any_work_is_simply_sent_again(server: Scripted, opened: Open) -> None:
    store = Store(["none"])
    server.on("/batch/update", store.update)
    assert set(outcomes(write(opened(server.url), {"1": 1.0, "2": 2.0})).values()) == {"written"}
    assert not server.to("/batch/read")


def test_answers_may_be_lost_again_and_again(server: Scripted, opened: Open) -> None:
    store = Store(["half", "half", "all"])
    server.on("/batch/update", store.update)
    server.on("/batch/read", store.read)
    values = {str(number): float(number) for number in range(1, 101)}
    assert set(outcomes(write(opened(server.url), values)).values()) == {"written"}
    assert set(store.writes.values()) == {1}
    assert [len(each.body["inputs"]) for each in server.to("/batch/update")] == [100, 50, 25]


def test_a_rule_of_the_portal_is_a_rejected_change_on_the_latest_version(
    own_portal: Sandbox, opened: Open
) -> None:
    rule = {"object": "companies", "property": "numberofemployees", "equals": "7", "requires": "description"}
    own_portal.configure("hubspot", "behaviour", rules=[rule])
    keys = [row["id"] for row in own_portal.dump("hubspot", "companies") if row["state"] == "live"][:3]
    values = {keys[0]: 7.0, keys[1]: 8.0, keys[2]: 9.0}
    for version, first in (("2026-09", "rejected"), ("2026-03", "written"), ("v3", "written")):
        crm = opened(own_portal.url, api_version=version)
        (result,) = crm.write([batch(values, "numberofemployees")], 3, Jobs())
        rows = {row[ID]: row for row in result.to_pylist()}
        assert [rows[key]["outcome"] for key in keys] == [first, "written", "written"]
        if version == "2026-09":
            assert rows[keys[0]]["code"] == "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
            assert rows[keys[0]]["fields"] == "description"


def test_errors_are_of_our_own_kind(server: Scripted, opened: Open) -> None:
    server.on("/batch/update", Answer(b"<html>who are you?</html>", 404))
    with pytest.raises(CrmError, match="who are you"):
        write(opened(server.url), {"1": 1.0})
