from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from adapters.hubspot import HubspotCrm
from adapters.sandbox.server import Sandbox
from connector.crm import ACCOUNT, ID, Object, Pulled, PullRequest
from connector.errors import CrmAuthError, CrmTemporaryError
from tests.unit.adapters.hubspot.conftest import OAUTH, Open
from tests.unit.adapters.hubspot.scripted import PROPERTIES, Answer, Scripted

START = "/export/async"
STATUS = "/export/async/tasks/7/status"
EXPORT = "/exports/export/7"


def pull(crm: HubspotCrm, request: PullRequest, folder: Path) -> tuple[Pulled, pl.DataFrame]:
    folder.mkdir(parents=True, exist_ok=True)
    pulled = crm.pull(request, folder)
    return pulled, pl.read_parquet(pulled.paths)


# --- against the sandbox -----------------------------------------------------------------------------------


@pytest.fixture
def zipping(own_portal: Sandbox) -> Sandbox:
    own_portal.configure("hubspot", "behaviour", export_zip_bytes=1_000, export_file_rows=17)
    return own_portal


REQUESTS = [
    PullRequest(
        "accounts", ("name", "numberofemployees", "lifecyclestage", "hs_parent_company_id", "createdate")
    ),
    PullRequest("opportunities", ("amount", "closedate", "dealstage", "dealtype"), account="primary_company"),
    PullRequest("opportunities", ("amount",), account="any_company"),
    PullRequest("contact_roles", ("jobtitle",)),
    PullRequest("cases", ("hs_ticket_category", "createdate")),
    PullRequest("orders", ("hs_total_price",)),
    PullRequest("activities", ("hs_call_status",)),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: f"{each.object}-{each.account}")
@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_an_export_gives_what_the_list_gives(
    zipping: Sandbox, opened: Open, tmp_path: Path, version: str, request_: PullRequest
) -> None:
    _, listed = pull(
        opened(zipping.url, api_version=version, load_method="rest"), request_, tmp_path / "rest"
    )
    crm = opened(zipping.url, api_version=version, load_method="bulk")
    pulled, exported = pull(crm, request_, tmp_path / "bulk")
    by = [each for each in (ID, ACCOUNT) if each in listed.columns]
    assert exported.sort(by).equals(listed.sort(by))
    assert pulled.rows == len(listed) > 17
    calls = crm.usage().calls
    assert not any("/objects/" in path for path in calls), calls
    assert not any("/associations/" in path and count > 1 for path, count in calls.items()), calls


@pytest.mark.parametrize(
    "changes",
    [
        {"export_dates": "iso"},
        {"export_zip_bytes": 1_000_000_000},
        {"export_link_seconds": 0.0},
        {"job_polls": 3},
    ],
    ids=lambda each: next(iter(each)),
)
def test_portals_differ(
    own_portal: Sandbox,
    opened: Open,
    tmp_path: Path,
    changes: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    _, listed = pull(opened(own_portal.url, load_method="rest"), REQUESTS[1], tmp_path / "rest")
    own_portal.configure("hubspot", "behaviour", **changes)
    _, exported = pull(opened(own_portal.url, load_method="bulk"), REQUESTS[1], tmp_path / "bulk")
    assert exported.sort(ID).equals(listed.sort(ID))
    expired = "export_link_seconds" in changes
    assert ("read page by page instead" in caplog.text) is expired


def test_the_thirty_first_export_of_a_day_is_a_list(
    own_portal: Sandbox, opened: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own_portal.configure("hubspot", "behaviour", exports_per_day=1)
    crm = opened(own_portal.url, load_method="bulk")
    _, first = pull(crm, REQUESTS[0], tmp_path / "first")
    _, second = pull(crm, REQUESTS[0], tmp_path / "second")
    assert second.sort(ID).equals(first.sort(ID))
    assert "HubSpot gives no export of companies: HubSpot says: RATE_LIMITS: You have reached" in caplog.text
    assert crm.usage().calls[f"POST /crm/v3/exports{START}"] == 2  # asked once more, not again and again


def test_a_key_without_the_scope_reads_lists(
    own_portal: Sandbox, opened: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    crm = opened(own_portal.url, load_method="bulk", access_token="sandbox-limited-token")
    _, frame = pull(crm, PullRequest("accounts", ("name",)), tmp_path)
    assert len(frame) > 17
    assert "crm.export" in caplog.text


def test_few_records_are_listed_and_many_exported(
    own_portal: Sandbox, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = opened(own_portal.url)
    pull(crm, REQUESTS[0], tmp_path / "few")
    assert not any(START in path for path in crm.usage().calls)
    monkeypatch.setattr("adapters.hubspot.pull.FEW", 10)
    pull(crm, REQUESTS[0], tmp_path / "many")
    assert crm.usage().calls[f"POST /crm/v3/exports{START}"] == 1


@pytest.mark.parametrize("version", ["v3", "2026-09"])
def test_an_export_of_half_the_records_is_noticed(
    own_portal: Sandbox, opened: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture, version: str
) -> None:
    _, listed = pull(opened(own_portal.url, load_method="rest"), REQUESTS[0], tmp_path / "rest")
    own_portal.fault("short_page", path="/export/async", times=1)
    crm = opened(own_portal.url, load_method="bulk", api_version=version)
    _, exported = pull(crm, REQUESTS[0], tmp_path / "bulk")
    assert exported.sort(ID).equals(listed.sort(ID))
    assert "and its file holds" in caplog.text


@pytest.mark.parametrize("version", ["v3", "2026-09"])
def test_an_export_outlives_the_access_token_that_started_it(
    own_portal: Sandbox, opened: Open, tmp_path: Path, version: str
) -> None:
    _, listed = pull(opened(own_portal.url, load_method="rest"), REQUESTS[1], tmp_path / "rest")
    crm = opened(own_portal.url, load_method="bulk", api_version=version, **OAUTH)
    own_portal.fault("expired_token", method="GET", path="/tasks/", times=1)
    _, exported = pull(crm, REQUESTS[1], tmp_path / "bulk")
    assert exported.sort(ID).equals(listed.sort(ID))
    calls = crm.usage().calls
    assert not any("/objects/" in path for path in calls), calls
    assert sum(count for path, count in calls.items() if path.endswith("/token")) == 2  # renewed once


# --- against prepared answers ------------------------------------------------------------------------------


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = ("hs_object_id", "kpm_why")) -> bytes:
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in [header, *rows]).encode() + b"\n"


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def exporting(server: Scripted, content: bytes, status: Mapping[str, Any] | None = None) -> None:
    server.on("/details", Answer({"portalId": 1, "timeZone": "Europe/Vienna"}))
    server.on(START, Answer({"id": "7"}, 202))
    server.on(STATUS, Answer(status or {"status": "COMPLETE", "result": f"{server.url}/file.csv?key=1"}))
    server.on("/file.csv", Answer(content))
    listed = [{"id": str(each), "properties": {"kpm_why": "listed"}} for each in (1, 2)]
    server.on("/objects/companies", Answer({"results": listed}))


def exported(server: Scripted, opened: Open, folder: Path) -> list[tuple[str, str | None]]:
    crm = opened(server.url, load_method="bulk")
    _, frame = pull(crm, PullRequest("accounts", ("kpm_why",)), folder)
    return sorted(frame.select(ID, "kpm_why").iter_rows())


LISTED = [("1", "listed"), ("2", "listed")]


def test_texts_survive_whatever_they_hold(server: Scripted, opened: Open, tmp_path: Path) -> None:
    rows = [
        ("1", 'a ""quoted"", text'),
        ("2", "two\nlines"),
        ("3", ""),
        ("4", "=1+1"),
        ("5", "NULL"),
        ("6", "Ä🎉"),
    ]
    exporting(server, b"\xef\xbb\xbf" + table(rows))
    assert exported(server, opened, tmp_path) == [
        ("1", 'a "quoted", text'),
        ("2", "two\nlines"),
        ("3", None),
        ("4", "=1+1"),
        ("5", "NULL"),
        ("6", "Ä🎉"),
    ]


def test_labels_will_do_where_internal_names_were_not_given(
    server: Scripted, opened: Open, tmp_path: Path
) -> None:
    exporting(server, table([("1", "x")], ("Record ID", "Why")))
    assert exported(server, opened, tmp_path) == [("1", "x")]


def test_files_of_a_zip_are_read_in_order_and_each_by_its_own_header(
    server: Scripted, opened: Open, tmp_path: Path
) -> None:
    files = {
        "x-10.csv": table([("30", "c")]),
        "x-2.csv": table([("b", "20")], ("kpm_why", "hs_object_id")),
        "readme.txt": b"no table",
    }
    exporting(server, zipped(files))
    assert exported(server, opened, tmp_path) == [("20", "b"), ("30", "c")]


def test_a_record_that_comes_twice_counts_once(
    server: Scripted, opened: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = {
        "x-1.csv": table([("5", "a"), ("3", "b"), ("3", "again")]),
        "x-2.csv": table([("5", "again"), ("4", "c")]),
    }
    exporting(server, zipped(files))
    assert exported(server, opened, tmp_path) == [("3", "b"), ("4", "c"), ("5", "a")]
    assert "held 2 records twice" in caplog.text


def test_another_order_is_no_trouble(server: Scripted, opened: Open, tmp_path: Path) -> None:
    exporting(server, table([("9", "a"), ("3", "b"), ("5", "c")]))
    assert exported(server, opened, tmp_path) == [("3", "b"), ("5", "c"), ("9", "a")]


def test_an_empty_export_is_an_empty_file(server: Scripted, opened: Open, tmp_path: Path) -> None:
    exporting(server, table([]))
    assert exported(server, opened, tmp_path) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no column with the records' ids"),
        (table([("1", "x")], ("hs_object_id", "other")), "no column for kpm_why"),
        (table([("1", "x"), ("", "y")]), "rows without an id"),
        (table([("1", "x"), ("one", "y")]), "rows without an id"),
        (b'"hs_object_id","kpm_why"\n"1","x","y"\n', "damaged"),
        (b'"hs_object_id","kpm_why"\n"1","\xff\xfe"\n', "damaged"),
        (zipped({"x.csv": table([("1", "x" * 50_000)])})[:-60], "no column|damaged"),
        (zipped({"readme.txt": b""}), "holds no CSV"),
        (b"<html>Sign in</html>", "no column with the records' ids"),
    ],
)
def test_a_file_that_is_not_what_was_asked_for_is_replaced_by_the_list(
    server: Scripted,
    opened: Open,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    content: bytes,
    words: str,
) -> None:
    exporting(server, content)
    assert exported(server, opened, tmp_path) == LISTED
    pattern = rf"HubSpot gives no export of companies: .*({words})"
    assert pl.Series([caplog.text.replace("\n", " ")]).str.contains(pattern).all(), caplog.text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["companies.parquet"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"status": "CANCELED"}, "ended as CANCELED"),
        ({"status": "COMPLETE"}, "gives no link"),
        ({"status": "COMPLETE", "numErrors": 1, "errors": [{"message": "too big"}]}, "too big"),
    ],
)
def test_an_export_that_fails_is_replaced_by_the_list(
    server: Scripted,
    opened: Open,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    status: dict[str, Any],
    words: str,
) -> None:
    exporting(server, table([("9", "x")]), status)
    assert exported(server, opened, tmp_path) == LISTED
    assert words in caplog.text


def test_an_export_that_hubspot_denies_is_replaced_by_the_list(
    server: Scripted, opened: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    exporting(server, b"")
    words = "Permission to get export file cannot be granted for exportId 7 and portalId 1"
    server.on(STATUS, Answer({"status": "error", "message": words}, 403))
    assert exported(server, opened, tmp_path) == LISTED
    assert words in caplog.text


@pytest.mark.parametrize(("announced", "missing"), [(2, True), (1, False), (None, False), ("many", False)])
def test_a_file_that_holds_fewer_records_than_announced_is_replaced_by_the_list(
    server: Scripted,
    opened: Open,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    announced: object,
    *,
    missing: bool,
) -> None:
    exporting(server, table([("9", "x")]))
    server.on(EXPORT, Answer({"id": "7", "exportState": "DONE", "recordCount": announced}))
    assert exported(server, opened, tmp_path) == (LISTED if missing else [("9", "x")])
    assert ("it is to hold 2 records, and its file holds 1" in caplog.text) is missing


def test_polling_survives_passing_trouble(server: Scripted, opened: Open, tmp_path: Path) -> None:
    exporting(server, table([("9", "x")]))
    done = Answer({"status": "COMPLETE", "result": f"{server.url}/file.csv"})
    server.on(STATUS, Answer({"status": "PENDING"}), Answer(b"", 502), Answer({"status": "PROCESSING"}), done)
    assert exported(server, opened, tmp_path) == [("9", "x")]


def test_a_wrong_token_is_no_missing_export(server: Scripted, opened: Open, tmp_path: Path) -> None:
    exporting(server, b"")
    wrong = {"category": "INVALID_AUTHENTICATION", "message": "Authentication credentials not found."}
    server.on(START, Answer(wrong, 401))
    with pytest.raises(CrmAuthError, match="the access token is wrong"):
        exported(server, opened, tmp_path)


def test_a_server_that_is_down_is_no_missing_export(server: Scripted, opened: Open, tmp_path: Path) -> None:
    exporting(server, b"")
    server.on(START, Answer(b"<html>Bad Gateway</html>", 502))
    with pytest.raises(CrmTemporaryError, match="could not export companies"):
        exported(server, opened, tmp_path)


def test_what_is_asked_for(server: Scripted, opened: Open, tmp_path: Path) -> None:
    exporting(server, table([("9", "x")]))
    exported(server, opened, tmp_path)
    assert server.to(START)[0].body == {
        "exportType": "VIEW",
        "format": "CSV",
        "exportName": "kpm companies",
        "language": "EN",
        "objectType": "0-2",
        "objectProperties": ["hs_object_id", "kpm_why"],
        "exportInternalValuesOptions": ["NAMES", "VALUES"],
        "overrideAssociatedObjectsPerDefinitionPerRowLimit": True,
    }


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_companies_of_tickets_come_with_their_export(
    server: Scripted, opened: Open, tmp_path: Path, version: str
) -> None:
    exporting(
        server, table([("1", "10;20"), ("2", ""), ("3", "30")], ("hs_object_id", "Associated Company IDs"))
    )
    for path in ("/properties/tickets", "/properties/2026-03/tickets"):
        server.on(path, Answer({"results": []}))
    crm = opened(server.url, load_method="bulk", api_version=version)
    _, frame = pull(crm, PullRequest("cases", ()), tmp_path)
    assert frame.select(ID, ACCOUNT).rows() == [("1", "10"), ("1", "20"), ("2", None), ("3", "30")]
    body = server.to(START)[0].body
    if version == "v3":
        assert body["associatedObjectType"] == "0-2"
        assert "includeLabeledAssociations" not in body
    else:
        assert body["associatedObjectType"] == ["0-2"]
        assert body["includeLabeledAssociations"] is True
        assert body["includePrimaryDisplayPropertyForAssociatedObjects"] is False


DEAL = ("hs_object_id", "pipeline", "dealstage", "Associated Company IDs", "Associated Company IDs (Primary)")


def deals(
    server: Scripted, opened: Open, folder: Path, rows: Sequence[Sequence[str]]
) -> list[tuple[str, str | None]]:
    exporting(server, table(rows, DEAL))
    names = [{"name": name, "type": "string"} for name in ("pipeline", "dealstage")]
    server.on("/properties/deals", Answer({"results": names}))
    server.on("/pipelines/deals", Answer({"results": []}))
    crm = opened(server.url, load_method="bulk")
    _, frame = pull(crm, PullRequest("opportunities", ()), folder)
    return sorted(frame.select(ID, ACCOUNT).iter_rows())


def test_the_primary_company_of_a_deal_comes_with_its_export(
    server: Scripted, opened: Open, tmp_path: Path
) -> None:
    rows = [("1", "p", "s", "10;20", "20"), ("2", "p", "s", "30", ""), ("3", "p", "s", "", "")]
    assert deals(server, opened, tmp_path, rows) == [("1", "20"), ("2", "30"), ("3", None)]
    assert not server.to("/batch/read")


def test_several_companies_without_a_primary_one_are_asked_for(
    server: Scripted, opened: Open, tmp_path: Path
) -> None:
    kinds = [{"category": "HUBSPOT_DEFINED", "typeId": 5}]
    to = [{"toObjectId": 20, "associationTypes": kinds}, {"toObjectId": 10, "associationTypes": []}]
    server.on("/deals/companies/batch/read", Answer({"results": [{"from": {"id": "1"}, "to": to}]}))
    rows = [("1", "p", "s", "10;20", ""), ("2", "p", "s", "30", "30")]
    assert deals(server, opened, tmp_path, rows) == [("1", "20"), ("2", "30")]
    assert server.to("/deals/companies/batch/read")[0].body == {"inputs": [{"id": "1"}]}


@pytest.mark.parametrize("zone", ["Europe/Vienna", "America/New_York"])
def test_moments_written_for_people_are_in_the_portals_time_zone(
    server: Scripted, opened: Open, tmp_path: Path, zone: str
) -> None:
    created = {"name": "createdate", "label": "Create Date", "type": "datetime"}
    server.on("/properties/companies", Answer({"results": [*PROPERTIES, created]}))
    rows = [
        ("1", "2026-03-31 23:30"),
        ("2", "1774994400000"),
        ("3", "2026-03-31T21:59:59.999Z"),
        ("4", "soon"),
    ]
    exporting(server, table(rows, ("hs_object_id", "createdate")))
    server.on("/details", Answer({"portalId": 1, "timeZone": zone}))
    crm = opened(server.url, load_method="bulk")
    _, frame = pull(crm, PullRequest("accounts", ("createdate",)), tmp_path)
    days = [None if day is None else day.isoformat() for day in frame["createdate"]]
    shifted = "2026-03-31" if zone == "Europe/Vienna" else "2026-04-01"
    assert days == [shifted, "2026-04-01", "2026-03-31", None]


def test_memory_does_not_grow_with_the_number_of_records(
    server: Scripted, opened: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    rows = b"".join(b'"%d","%s"\n' % (number, b"x" * 200) for number in range(60_000))
    exporting(server, b'"hs_object_id","kpm_why"\n' + rows)
    crm = opened(server.url, load_method="bulk", read_seconds=30.0)
    pulled, frame = pull(crm, PullRequest("accounts", ("kpm_why",)), tmp_path)
    assert pulled.rows == 60_000 == frame[ID].n_unique()
    assert caplog.text == ""


def test_objects_have_numbers() -> None:
    from adapters.hubspot.paths import OBJECTS, TYPE_IDS  # noqa: PLC0415

    sections: dict[Object, tuple[str, ...]] = dict(OBJECTS)
    assert {name for names in sections.values() for name in names} == set(TYPE_IDS)


def test_a_time_zone_that_is_unknown_here_is_replaced_by_the_business_one(
    server: Scripted, opened: Open, tmp_path: Path
) -> None:
    created = {"name": "createdate", "label": "Create Date", "type": "datetime"}
    server.on("/properties/companies", Answer({"results": [*PROPERTIES, created]}))
    exporting(server, table([("1", "2026-03-31 23:30")], ("hs_object_id", "createdate")))
    server.on("/details", Answer({"portalId": 1, "timeZone": "Mars/Olympus Mons"}))
    _, frame = pull(
        opened(server.url, load_method="bulk"), PullRequest("accounts", ("createdate",)), tmp_path
    )
    assert frame["createdate"][0].isoformat() == "2026-03-31"
