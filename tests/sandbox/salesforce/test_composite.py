"""Composite requests, batches and trees."""

import pytest

from adapters.sandbox import Sandbox
from tests.sandbox.salesforce.client import Client

DATA = "/services/data/v60.0"


def phones(sandbox: Sandbox) -> dict[str, str | None]:
    return {row["Id"]: row["Phone"] for row in sandbox.dump("salesforce", "Account")}


def test_later_requests_refer_to_earlier_answers(sandbox: Sandbox, sync: Client) -> None:
    target = sync.ids(1)[0]
    before = sandbox.quota("salesforce")["used"]
    answer = sync.send(
        "POST",
        "/composite",
        json={
            "compositeRequest": [
                {
                    "method": "GET",
                    "url": f"{DATA}/sobjects/Account/{target}?fields=Name",
                    "referenceId": "old",
                },
                {
                    "method": "POST",
                    "url": f"{DATA}/sobjects/Contact",
                    "referenceId": "new",
                    "body": {"LastName": "@{old.Name}", "AccountId": target},
                },
                {
                    "method": "GET",
                    "url": f"{DATA}/query?q=SELECT+Id,LastName+FROM+Contact+WHERE+Id='@{{new.id}}'",
                    "referenceId": "found",
                },
                {
                    "method": "PATCH",
                    "url": f"{DATA}/sobjects/Contact/@{{found.records[0].Id}}",
                    "referenceId": "changed",
                    "body": {"FirstName": "Ada"},
                },
            ]
        },
    )
    assert answer.status_code == 200
    old, new, found, changed = answer.json()["compositeResponse"]
    assert [each["httpStatusCode"] for each in (old, new, found, changed)] == [200, 201, 200, 204]
    assert found["body"]["records"][0]["LastName"] == old["body"]["Name"]
    assert changed["body"] is None
    assert sandbox.quota("salesforce")["used"] == before + 1, "one call"


@pytest.mark.parametrize("all_or_none", [False, True])
def test_one_refusal_undoes_everything_if_asked(sandbox: Sandbox, sync: Client, *, all_or_none: bool) -> None:
    target = sync.ids(1)[0]
    sync.update({"id": target, "Phone": "before"})
    change = {"method": "PATCH", "url": f"{DATA}/sobjects/Account/{target}", "body": {"Phone": "after"}}
    answer = sync.send(
        "POST",
        "/composite",
        json={
            "allOrNone": all_or_none,
            "compositeRequest": [
                {**change, "referenceId": "good"},
                {**change, "body": {"Nope": 1}, "referenceId": "bad"},
                {**change, "body": {"Phone": "@{bad.x}"}, "referenceId": "lost"},
            ],
        },
    )
    good, bad, lost = answer.json()["compositeResponse"]
    assert (bad["httpStatusCode"], lost["httpStatusCode"]) == (400, 400)
    assert "Invalid reference" in lost["body"][0]["message"]
    assert phones(sandbox)[target] == ("before" if all_or_none else "after")
    assert good["httpStatusCode"] == (400 if all_or_none else 204)
    if all_or_none:
        assert good["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_composite_requests_have_limits(sync: Client) -> None:
    one = {"method": "GET", "url": f"{DATA}/limits", "referenceId": "a"}
    assert sync.send("POST", "/composite", json={"compositeRequest": [one] * 26}).status_code == 400
    query = {**one, "url": f"{DATA}/query?q=SELECT+Id+FROM+User+LIMIT+1"}
    assert sync.send("POST", "/composite", json={"compositeRequest": [query] * 6}).status_code == 400
    assert sync.send("POST", "/composite", json={"compositeRequest": [query] * 5}).status_code == 200
    assert sync.send("POST", "/composite", json={}).status_code == 400
    missing = sync.send("POST", "/composite", json={"compositeRequest": [{**one, "url": f"{DATA}/nowhere"}]})
    assert missing.json()["compositeResponse"][0]["httpStatusCode"] == 404


def test_batches_run_one_by_one_and_halt_if_asked(sync: Client) -> None:
    requests = [{"method": "GET", "url": "v60.0/limits"}, {"method": "GET", "url": "v60.0/nowhere"}]
    asked = {"batchRequests": [*requests, {"method": "GET", "url": f"{DATA}/sobjects/Account"}]}
    answer = sync.send("POST", "/composite/batch", json=asked).json()
    assert answer["hasErrors"] is True
    assert [each["statusCode"] for each in answer["results"]] == [200, 404, 200]
    assert answer["results"][2]["result"]["objectDescribe"]["name"] == "Account"
    halted = sync.send("POST", "/composite/batch", json={**asked, "haltOnError": True}).json()
    assert [each["statusCode"] for each in halted["results"]] == [200, 404, 412]


def test_a_tree_is_planted_whole_or_not_at_all(sync: Client) -> None:
    def planted(last_name: str | None) -> tuple[int, dict[str, object]]:
        contact = {"attributes": {"type": "Contact", "referenceId": "child"}, "LastName": last_name}
        account = {
            "attributes": {"type": "Account", "referenceId": "top"},
            "Name": "Tree of the test",
            "Contacts": {"records": [contact]},
        }
        answer = sync.send("POST", "/composite/tree/Account", json={"records": [account]})
        return answer.status_code, answer.json()

    status, refused = planted(None)
    assert (status, refused["hasErrors"]) == (400, True)
    assert refused["results"][0]["referenceId"] == "child"  # type: ignore[index]
    assert not sync.records("SELECT Id FROM Account WHERE Name = 'Tree of the test'")
    status, made = planted("Leaf")
    assert (status, made["hasErrors"]) == (201, False)
    ids = {each["referenceId"]: each["id"] for each in made["results"]}  # type: ignore[attr-defined]
    found = sync.records(f"SELECT AccountId FROM Contact WHERE Id = '{ids['child']}'")
    assert found[0]["AccountId"] == ids["top"]
    wrong = {"attributes": {"type": "Account", "referenceId": "x"}, "Name": "x", "Trees": {"records": []}}
    assert sync.send("POST", "/composite/tree/Account", json={"records": [wrong]}).status_code == 400
    assert sync.send("POST", "/composite/tree/Account", json={}).status_code == 400
