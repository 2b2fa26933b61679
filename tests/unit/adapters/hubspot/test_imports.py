from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
import requests

from adapters.hubspot import HubspotCrm
from adapters.sandbox.server import Sandbox
from adapters.sandbox.side import Visibility
from connector.crm import ID, SEND, FieldSpec, FieldType, Job, Option
from connector.errors import CrmAuthError, CrmTemporaryError
from tests.contract.fake import Jobs
from tests.unit.adapters.hubspot.conftest import OAUTH, Open
from tests.unit.adapters.hubspot.scripted import Answer, Asked, Scripted

FIELDS = {
    "kpm_potential": FieldType.NUMBER,
    "kpm_headroom": FieldType.CURRENCY,
    "kpm_why": FieldType.TEXT,
    "kpm_segment": FieldType.PICKLIST,
    "kpm_segment_since": FieldType.DATE,
    "kpm_top": FieldType.BOOLEAN,
}
SPECS = [
    FieldSpec(
        name,
        name,
        kind,
        options=(Option("protect", "Key account"), Option("retreat", "Care"))
        if kind is FieldType.PICKLIST
        else (),
    )
    for name, kind in FIELDS.items()
]
Row = Mapping[str, Any]


def batch(rows: Mapping[str, Row]) -> pa.RecordBatch:
    """A batch of changes: for each record the fields to send."""
    columns: dict[str, pa.Array] = {ID: pa.array(list(rows), pa.string())}
    for name in dict.fromkeys(name for row in rows.values() for name in row):
        kind = FIELDS.get(name, FieldType.TEXT)
        columns[name] = pa.array([row.get(name) for row in rows.values()], kind.arrow)
        columns[SEND + name] = pa.array([name in row for row in rows.values()])
    return pa.RecordBatch.from_pydict(columns)


def write(
    crm: HubspotCrm, rows: Mapping[str, Row], size: int = 1_000, jobs: Jobs | None = None
) -> dict[str, Any]:
    keys = list(rows)
    batches = [
        batch({key: rows[key] for key in keys[start : start + size]}) for start in range(0, len(keys), size)
    ]
    found = [row for result in crm.write(batches, len(keys), jobs or Jobs()) for row in result.to_pylist()]
    assert [row[ID] for row in found] == keys
    return {row[ID]: row for row in found}


def outcomes(found: Mapping[str, Any]) -> dict[str, str]:
    return {key: f"{row['outcome']} {row['code'] or ''}".strip() for key, row in found.items()}


# --- against the sandbox -----------------------------------------------------------------------------------


@pytest.fixture
def ready(own_portal: Sandbox, opened: Open) -> Sandbox:
    opened(own_portal.url, access_token="sandbox-admin-token").provision(SPECS, {})
    return own_portal


def live(portal: Sandbox) -> list[str]:
    return [row["id"] for row in portal.dump("hubspot", "companies") if row["state"] == "live"]


def held(portal: Sandbox, names: Sequence[str] = tuple(FIELDS)) -> dict[str, dict[str, Any]]:
    return {
        row["id"]: {name: row["properties"][name] for name in names}
        for row in portal.dump("hubspot", "companies")
    }


WHOLE: Row = {
    "kpm_potential": 73.0,
    "kpm_headroom": 16_147_805_824_397.5,
    "kpm_why": 'Key account: "access" 40, Größe; naïve 🎉, =1+1',
    "kpm_segment": "protect",
    "kpm_segment_since": date(2026, 2, 28),
    "kpm_top": True,
}
STORED = {
    "kpm_potential": "73",
    "kpm_headroom": "16147805824397.5",
    "kpm_why": WHOLE["kpm_why"],
    "kpm_segment": "protect",
    "kpm_segment_since": "2026-02-28",
    "kpm_top": "true",
}


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_many_changes_are_one_import(ready: Sandbox, opened: Open, version: str) -> None:
    crm, jobs = opened(ready.url, load_method="bulk", api_version=version), Jobs()
    keys = live(ready)
    found = write(crm, dict.fromkeys(keys, WHOLE), size=7, jobs=jobs)
    assert set(outcomes(found).values()) == {"written"}
    stored = held(ready)
    assert all(stored[key] == STORED for key in keys)
    calls = crm.usage().calls
    uploads = {path: count for path, count in calls.items() if path.startswith("POST") and "/imports" in path}
    assert list(uploads.values()) == [1]
    assert not any("/batch/" in path for path in calls)
    assert not jobs.left_open()


def test_only_what_is_sent_changes_and_what_clears_goes_in_a_batch(ready: Sandbox, opened: Open) -> None:
    crm = opened(ready.url, load_method="bulk")
    first, second, third, fourth = live(ready)[:4]
    write(crm, dict.fromkeys((first, second, third, fourth), WHOLE))
    found = write(
        crm,
        {
            first: {"kpm_potential": 5.0},
            second: {"kpm_potential": 6.0, "kpm_why": None},
            third: {"kpm_segment": None, "kpm_segment_since": None, "kpm_top": None},
            fourth: {"kpm_potential": math.nan, "kpm_why": "x"},
        },
    )
    assert outcomes(found) == {
        first: "written",
        second: "written",
        third: "written",
        fourth: "rejected NOT_A_NUMBER",
    }
    stored = held(ready)
    assert stored[first] == STORED | {"kpm_potential": "5"}
    assert stored[second] == STORED | {"kpm_potential": "6", "kpm_why": None}
    assert stored[third] == STORED | dict.fromkeys(("kpm_segment", "kpm_segment_since", "kpm_top"))
    assert stored[fourth] == STORED
    assert crm.usage().calls["POST /crm/v3/objects/companies/batch/update"] == 1


def test_rows_that_are_refused_are_told_by_their_ids(ready: Sandbox, opened: Open) -> None:
    crm = opened(ready.url, load_method="bulk")
    keys = live(ready)
    rows: dict[str, Row] = {key: {"kpm_potential": 5.0, "kpm_segment": "protect"} for key in keys}
    rows[keys[3]] = {"kpm_potential": 5.0, "kpm_segment": "nonsense"}
    rows["404"] = {"kpm_potential": 5.0, "kpm_segment": "protect"}
    found = write(crm, rows, size=10)
    expected = dict.fromkeys(keys, "written") | {
        keys[3]: "rejected INVALID_ENUMERATION_OPTION",
        "404": "rejected OBJECT_NOT_FOUND",  # asked about once more, in a batch
    }
    assert outcomes(found) == expected
    assert found[keys[3]]["fields"] == "kpm_segment"
    assert "nonsense" in found[keys[3]]["message"]
    assert held(ready)[keys[3]]["kpm_potential"] == "5"  # the rest of the row is written


def test_a_merged_record_is_written_under_its_former_id(ready: Sandbox, opened: Open) -> None:
    rows = [row for row in ready.dump("hubspot", "companies") if row["state"] == "merged"]
    assert rows
    crm = opened(ready.url, load_method="bulk")
    loser, survivor = rows[0]["id"], rows[0]["mergedInto"]
    others = [key for key in live(ready) if key != survivor][:3]
    found = write(crm, {key: {"kpm_potential": 5.0} for key in (loser, *others)})
    assert set(outcomes(found).values()) == {"written"}
    assert held(ready)[survivor]["kpm_potential"] == "5"


def test_a_day_of_too_many_rows_is_written_in_batches(
    ready: Sandbox, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    ready.configure("hubspot", "behaviour", import_day_rows=3)
    crm, jobs = opened(ready.url, load_method="bulk"), Jobs()
    found = write(crm, {key: {"kpm_potential": 5.0} for key in live(ready)}, jobs=jobs)
    assert set(outcomes(found).values()) == {"written"}
    assert "HubSpot takes no import: RATE_LIMITS" in caplog.text
    assert not jobs.left_open()


def test_a_target_that_is_locked_stops_the_run(ready: Sandbox, opened: Open) -> None:
    crm = opened(ready.url, load_method="bulk")
    key = live(ready)[0]
    write(crm, {key: {"kpm_potential": 5.0}})
    ready.visibility("hubspot", Visibility("lock_field", "companies", "kpm_potential"))
    with pytest.raises(CrmAuthError, match="kpm_potential is read-only"):
        write(crm, {key: {"kpm_potential": 6.0}})


def test_few_changes_go_in_batches_and_many_by_import(
    ready: Sandbox, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = opened(ready.url)
    keys = live(ready)
    assert crm.batch_size(5_000) == 100
    assert crm.batch_size(5_001) == 10_000
    write(crm, {key: {"kpm_potential": 5.0} for key in keys})
    assert not any("imports" in path for path in crm.usage().calls)
    monkeypatch.setattr("adapters.hubspot.write.FEW", 10)
    write(crm, {key: {"kpm_potential": 6.0} for key in keys})
    assert crm.usage().calls["POST /crm/v3/imports"] == 1


def test_the_quota_share_is_kept(ready: Sandbox, opened: Open) -> None:
    ready.quota("hubspot", limit=1_000, used=498)
    crm, jobs = opened(ready.url, load_method="bulk", quota_share=0.5), Jobs()
    found = write(crm, {key: {"kpm_potential": 5.0} for key in live(ready)}, jobs=jobs)
    assert set(outcomes(found).values()) == {"deferred QUOTA"}
    assert not jobs.left_open()


# --- what a killed run leaves ------------------------------------------------------------------------------


def imports(portal: Sandbox) -> list[dict[str, Any]]:
    headers = {"Authorization": "Bearer sandbox-token"}
    answer = requests.get(f"{portal.url}/crm/v3/imports", headers=headers, timeout=30)
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


class Killed(Exception):  # noqa: N818 - what SIGKILL would be
    pass


class Dying(Jobs):
    """A log that survives its run, which ends when the n-th note is to be made."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def _count(self) -> None:
        self._after -= 1
        if self._after < 0:
            raise Killed

    def opened(self, job: Job) -> None:
        self._count()
        super().opened(job)

    def ended(self, job_id: str) -> None:
        self._count()
        super().ended(job_id)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_no_import_of_a_killed_run_races_the_next_one(ready: Sandbox, opened: Open, after: int) -> None:
    ready.configure("hubspot", "behaviour", job_seconds=0.3)
    keys, jobs = live(ready), Dying(after)
    with pytest.raises(Killed):
        write(opened(ready.url, load_method="bulk"), {key: {"kpm_potential": 5.0} for key in keys}, jobs=jobs)
    left = jobs.left_open()
    assert len(left) == (0 if after == 0 else 1)
    assert all(job.kind == "hubspot import" for job in left)
    jobs._after = 9
    opened(ready.url).settle(jobs)
    assert not jobs.left_open()
    states = [each["state"] for each in imports(ready)]
    assert set(states) <= {"DONE", "CANCELED"}
    if after:
        assert {row["kpm_potential"] for key, row in held(ready).items() if key in keys} == {"5"}


def test_an_import_that_does_not_end_is_cancelled(
    ready: Sandbox, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.hubspot.jobs._PATIENCE", 0.2)
    ready.configure("hubspot", "behaviour", jobs_held=True)
    crm, jobs = opened(ready.url, load_method="bulk"), Dying(2)
    keys = live(ready)
    object.__setattr__(crm._writer.waiting, "longest", 0.1)
    with pytest.raises(CrmTemporaryError, match="the next sync waits for it"):
        write(crm, {key: {"kpm_potential": 5.0} for key in keys}, jobs=jobs)
    (left,) = jobs.left_open()
    assert left.detail.isdigit()
    jobs._after = 9
    opened(ready.url).settle(jobs)
    assert not jobs.left_open()
    assert [each["state"] for each in imports(ready)] == ["CANCELED"]
    assert {row["kpm_potential"] for row in held(ready).values()} == {None}


def test_a_new_access_token_finds_the_import_of_a_killed_run(ready: Sandbox, opened: Open) -> None:
    ready.configure("hubspot", "behaviour", job_seconds=0.3)
    keys, jobs = live(ready), Dying(1)
    crm = opened(ready.url, load_method="bulk", **OAUTH)
    with pytest.raises(Killed):
        write(crm, {key: {"kpm_potential": 5.0} for key in keys}, jobs=jobs)
    jobs._after = 9
    later = opened(ready.url, **OAUTH)
    later.settle(jobs)
    assert not jobs.left_open()
    assert any(path.startswith("GET /crm/v3/imports/") for path in later.usage().calls)  # waited for


def test_jobs_of_others_are_left_alone(ready: Sandbox, opened: Open) -> None:
    jobs = Jobs()
    jobs.opened(Job("7", "salesforce ingest"))
    opened(ready.url).settle(jobs)
    assert [job.id for job in jobs.left_open()] == ["7"]


# --- against prepared answers ------------------------------------------------------------------------------


class Portal:
    """A server that takes imports, with answers as a test says."""

    def __init__(self, server: Scripted) -> None:
        self.server = server
        self.names: list[str] = []
        self.files: list[list[list[str]]] = []
        self.requests: list[dict[str, Any]] = []
        self.held: dict[str, str] = {}
        self.upload: Callable[[Asked], Answer | None] = lambda _asked: None
        self.counters: dict[str, int] | None = None
        self.state = "DONE"
        self.errors: list[dict[str, Any]] = []
        self.skipped: set[str] = set()
        server.on("/imports", self._imports)
        server.on("/imports/70", lambda _asked: Answer(self._job()))
        server.on("/imports/70/errors", self._errors)
        server.on("/batch/read", self._read)
        server.on("/batch/update", self._update)

    def _imports(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            found = [{"id": "70", "importName": name, "state": self.state} for name in self.names]
            return Answer({"results": [{"id": "1", "importName": "somebody's"}, *found]})
        answer = self.upload(asked)
        if answer is not None and answer.status < 500:
            return answer
        parts = asked.raw.decode().split("--" + asked.headers["Content-Type"].partition("boundary=")[2])
        form = [part.partition("\r\n\r\n") for part in parts[1:-1]]
        self.requests.append(json.loads(form[0][2]))
        self.files.append(list(csv.reader(io.StringIO(form[1][2][:-2]))))
        self.names.append(self.requests[-1]["name"])
        header, *rows = self.files[-1]
        for key, *cells in rows:
            if key not in self.skipped and self.state == "DONE":
                self.held |= {
                    f"{key}.{name}": cell for name, cell in zip(header[1:], cells, strict=True) if cell
                }
        return answer or Answer(self._job() | {"state": "STARTED"})

    def _job(self) -> dict[str, Any]:
        rows = len(self.files[-1]) - 1 if self.files else 0
        counters = self.counters
        if counters is None:
            counters = {"TOTAL_ROWS": rows, "UPDATED_OBJECTS": rows, "ERRORS": len(self.errors)}
        return {"id": "70", "state": self.state, "metadata": {"counters": counters}}

    def _errors(self, asked: Asked) -> Answer:
        start = int(asked.query.get("after", ["0"])[0])
        body: dict[str, Any] = {"results": self.errors[start : start + 2]}
        if start + 2 < len(self.errors):
            body["paging"] = {"next": {"after": str(start + 2)}}
        return Answer(body)

    def _read(self, asked: Asked) -> Answer:
        found = [
            {
                "id": each["id"],
                "properties": {
                    name: self.held.get(f"{each['id']}.{name}") for name in asked.body["properties"]
                },
            }
            for each in asked.body["inputs"]
        ]
        return Answer({"results": found})

    def _update(self, asked: Asked) -> Answer:
        for each in asked.body["inputs"]:
            self.held |= {f"{each['id']}.{name}": text for name, text in each["properties"].items()}
        return Answer({"results": [{"id": each["id"]} for each in asked.body["inputs"]]})

    def batched(self) -> list[list[str]]:
        return [[each["id"] for each in asked.body["inputs"]] for asked in self.server.to("/batch/update")]


@pytest.fixture
def portal(server: Scripted) -> Portal:
    return Portal(server)


POTENTIAL: dict[str, Row] = {str(number): {"kpm_potential": float(number)} for number in range(1, 7)}


def test_what_is_uploaded(portal: Portal, opened: Open) -> None:
    crm = opened(portal.server.url, load_method="bulk")
    rows: dict[str, Row] = {
        "1": {"kpm_potential": 1.5, "kpm_why": 'a, "b"\nc'},
        "2": {"kpm_potential": 2e15},
        "3": {"kpm_why": "0"},
        "4": {},
    }
    write(crm, rows)
    assert portal.files == [
        [
            ["hs_object_id", "kpm_potential", "kpm_why"],
            ["1", "1.5", 'a, "b"\nc'],
            ["2", "2000000000000000", ""],
            ["3", "", "0"],
        ]
    ]
    (request,) = portal.requests
    assert request["importOperations"] == {"0-2": "UPDATE"}
    assert request["dateFormat"] == "YEAR_MONTH_DAY"
    assert request["name"].startswith("kpm ")
    (file,) = request["files"]
    mappings = file["fileImportPage"]["columnMappings"]
    assert mappings[0] == {
        "columnObjectTypeId": "0-2",
        "columnName": "hs_object_id",
        "propertyName": "hs_object_id",
        "columnType": "HUBSPOT_OBJECT_ID",
    }


def test_a_job_is_noted_before_its_upload_and_again_with_its_id(portal: Portal, opened: Open) -> None:
    noted: list[tuple[str, str]] = []

    class Watched(Jobs):
        def opened(self, job: Job) -> None:
            noted.append((job.detail, f"{len(portal.server.to('/imports'))} uploads"))
            super().opened(job)

    write(opened(portal.server.url, load_method="bulk"), POTENTIAL, jobs=Watched())
    assert noted == [("", "0 uploads"), ("70", "1 uploads")]


@pytest.mark.parametrize("took", [True, False])
def test_a_lost_answer_to_an_upload_is_looked_up_by_name(portal: Portal, opened: Open, *, took: bool) -> None:
    lost = [Answer(b"<h1>Bad Gateway</h1>", 502)]

    def upload(_asked: Asked) -> Answer | None:
        if not lost:
            return None
        answer = lost.pop()
        return answer if took else Answer({"message": "not now"}, 477)

    portal.upload = upload
    found = write(opened(portal.server.url, load_method="bulk"), POTENTIAL)
    assert set(outcomes(found).values()) == {"written"}
    assert len(portal.files) == 1  # the rows arrived once
    assert any(asked.method == "GET" for asked in portal.server.to("/imports")) is took


def error(line: int, kind: str = "FAILED_VALIDATION", **more: Any) -> dict[str, Any]:
    source = {"lineNumber": line, "rowData": more.pop("row", []), "fileId": 1}
    return {"id": str(line), "errorType": kind, "sourceData": source, **more}


def test_errors_are_followed_to_the_last_page_and_belong_to_ids(portal: Portal, opened: Open) -> None:
    portal.errors = [
        error(3, row=["2", "2"], errorMessage="too large", knownColumnNumber=1, invalidValue="2"),
        error(5, "COULD_NOT_PARSE_NUMBER", extraContext="no number"),
        error(99, row=["6", "6"], errorMessage="by its row, not by its line"),
        error(0, errorMessage="of the file, about nobody"),
        error(3, row=["2", "2"], errorMessage="and more", invalidPropertyValue={"name": "kpm_why"}),
    ]
    found = write(opened(portal.server.url, load_method="bulk"), POTENTIAL)
    assert outcomes(found) == {
        "1": "written",
        "2": "rejected FAILED_VALIDATION",
        "3": "written",
        "4": "rejected COULD_NOT_PARSE_NUMBER",
        "5": "written",
        "6": "rejected FAILED_VALIDATION",
    }
    assert found["2"]["message"] == "too large (2); and more"
    assert found["2"]["fields"] == "kpm_potential, kpm_why"
    asked = portal.server.to("/errors")[0].query
    assert (asked["includeRowData"], asked["includeErrorMessage"]) == (["true"], ["true"])


def test_no_error_is_asked_for_where_there_is_none(portal: Portal, opened: Open) -> None:
    write(opened(portal.server.url, load_method="bulk"), POTENTIAL)
    assert not portal.server.to("/errors")


def test_rows_that_hubspot_says_nothing_of_are_read_back(portal: Portal, opened: Open) -> None:
    portal.skipped = {"3", "5"}
    portal.counters = {"UPDATED_OBJECTS": 4, "ERRORS": 0}
    found = write(opened(portal.server.url, load_method="bulk"), POTENTIAL)
    assert set(outcomes(found).values()) == {"written"}
    assert portal.batched() == [["3", "5"]]
    assert portal.held["5.kpm_potential"] == "5"


def test_rows_that_may_pass_go_again_in_a_batch(portal: Portal, opened: Open) -> None:
    portal.skipped = {"3"}
    portal.errors = [error(4, "UNKNOWN_ERROR", row=["3", "3"])]
    portal.counters = {"UPDATED_OBJECTS": 5, "ERRORS": 1}
    found = write(opened(portal.server.url, load_method="bulk"), POTENTIAL)
    assert set(outcomes(found).values()) == {"written"}
    assert portal.batched() == [["3"]]


@pytest.mark.parametrize(
    ("counters", "read"), [({"UPDATED_OBJECTS": 0}, 0), ({"UPDATED_OBJECTS": 2}, 1), ({}, 1)]
)
def test_an_import_that_fails_is_replaced_by_batches(
    portal: Portal, opened: Open, caplog: pytest.LogCaptureFixture, counters: dict[str, int], read: int
) -> None:
    portal.state, portal.counters = "FAILED", counters
    portal.errors = [error(0, "INVALID_COLUMN_CONFIGURATION", errorMessage="odd columns")]
    portal.held = {"1.kpm_potential": "1"} if read else {}
    found = write(opened(portal.server.url, load_method="bulk"), POTENTIAL)
    assert set(outcomes(found).values()) == {"written"}
    assert portal.batched() == [["2", "3", "4", "5", "6"] if read else ["1", "2", "3", "4", "5", "6"]]
    assert "INVALID_COLUMN_CONFIGURATION: odd columns" in caplog.text
    assert len(portal.server.to("/batch/read")) == read


def test_an_import_that_somebody_cancels_is_not_begun_again(portal: Portal, opened: Open) -> None:
    portal.state, portal.held = "CANCELED", {"1.kpm_potential": "1"}
    found = write(opened(portal.server.url, load_method="bulk"), POTENTIAL)
    assert outcomes(found) == {"1": "written"} | dict.fromkeys("23456", "rejected CANCELED")
    assert not portal.batched()


@pytest.mark.parametrize(
    "refusal",
    [
        Answer({"category": "MISSING_SCOPES", "message": "no crm.import"}, 403),
        Answer({"category": "VALIDATION_ERROR", "message": "Unable to parse JSON"}, 400),
        Answer(b"<h1>Payload Too Large</h1>", 413),
        Answer({"message": "The import exceeds the limit", "policyName": "DAILY"}, 429),
    ],
)
def test_an_upload_that_is_refused_is_replaced_by_batches(
    portal: Portal, opened: Open, caplog: pytest.LogCaptureFixture, refusal: Answer
) -> None:
    portal.upload = lambda _asked: refusal
    jobs = Jobs()
    found = write(opened(portal.server.url, load_method="bulk"), POTENTIAL, jobs=jobs)
    assert set(outcomes(found).values()) == {"written"}
    assert portal.batched() == [["1", "2", "3", "4", "5", "6"]]
    assert "HubSpot takes no import" in caplog.text
    assert not jobs.left_open()


def test_a_file_that_grows_too_large_is_followed_by_another(
    portal: Portal, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.hubspot.import_file.IMPORT_ROWS", 50_003)
    found = write(opened(portal.server.url, load_method="bulk"), POTENTIAL, size=1)
    assert set(outcomes(found).values()) == {"written"}
    assert [len(file) - 1 for file in portal.files] == [4, 2]
    assert all(file[0] == ["hs_object_id", "kpm_potential"] for file in portal.files)
