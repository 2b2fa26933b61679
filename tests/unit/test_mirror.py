from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.crm import ACCOUNT, CONTACT, ID, PullRequest
from connector.mirror import Brought, Mirror
from connector.stages.pull import pull
from tests.contract.fake import FakeCrm, FakeOrg, Record
from tests.unit.rehearsal import mapping_of, provisioned

MAPPING = mapping_of()
ACCOUNTS = PullRequest("accounts", ("Name", "Type"))
NUMBERS = count()
Rows = dict[str, Any]


def following(accounts: int = 12) -> FakeCrm:
    return provisioned(MAPPING, accounts, follows=True)


def everything(crm: FakeCrm, mirror: Mirror) -> Rows:
    """What a run sees: rows in a fixed order, their numbers, and who was merged."""
    with TemporaryDirectory() as folder:
        read = pull(crm, MAPPING, Path(folder) / "pull", mirror)
        frames = {name: source.frame.to_native().collect() for name, source in read.sources.items()}
    rows = {
        name: frame.select(sorted(frame.columns)).sort(sorted(frame.columns))
        for name, frame in frames.items()
    }
    assert {name: len(frame) for name, frame in rows.items()} == dict(read.rows)
    return {**{name: frame.to_dicts() for name, frame in rows.items()}, "merged": dict(read.merged)}


def brought(
    crm: FakeCrm, mirror: Mirror, request: PullRequest = ACCOUNTS
) -> tuple[Brought, dict[str, Record]]:
    with TemporaryDirectory() as folder:
        found = mirror.read(crm, request, Path(folder))
        rows = found.source.frame.to_native().collect().to_dicts()
    assert found.source.rows == len(rows)
    return found, {row[ID]: row for row in rows}


# What people do to a CRM, by two numbers that say to which record and how.


def edit(org: FakeOrg, one: int, other: int) -> None:
    if accounts := org.records["accounts"]:
        accounts[one % len(accounts)]["Type"] = ("Customer", "Prospect", None)[other % 3]


def edit_deal(org: FakeOrg, one: int, other: int) -> None:
    if deals := org.records["opportunities"]:
        deals[one % len(deals)]["Amount"] = float(other)


def create(org: FakeOrg, one: int, other: int) -> None:  # noqa: ARG001
    key = f"001N{next(NUMBERS):05}"
    kind = "Customer" if other % 2 else "Prospect"
    org.records["accounts"].append({ID: key, "Name": key, "Type": kind, "IsPersonAccount": False})
    org.records["opportunities"].append({ID: f"006N{key}", ACCOUNT: key, "Amount": float(other)})


def delete(org: FakeOrg, one: int, other: int) -> None:  # noqa: ARG001
    if accounts := org.records["accounts"]:
        gone = accounts.pop(one % len(accounts))[ID]
        for name in ("opportunities", "contact_roles"):
            org.records[name] = [each for each in org.records[name] if each[ACCOUNT] != gone]


def merge(org: FakeOrg, one: int, other: int) -> None:
    """The loser's records move to the survivor, and nothing says of them that they changed."""
    accounts = org.records["accounts"]
    if len(accounts) < 2:
        return
    loser = accounts.pop(one % len(accounts))[ID]
    survivor = accounts[other % len(accounts)][ID]
    org.merged = {key: survivor if value == loser else value for key, value in org.merged.items()}
    org.merged[loser] = survivor
    for records in (org.records, *(held for held, _ in org.past.values())):
        for name in ("opportunities", "contact_roles"):
            for record in records[name]:
                if record[ACCOUNT] == loser:
                    record[ACCOUNT] = survivor


def change_role(org: FakeOrg, one: int, other: int) -> None:
    """A contact's rows come and go together: here it loses its role, or gets a second one."""
    roles = org.records["contact_roles"]
    if not roles:
        return
    role = roles[one % len(roles)]
    if other % 2:
        org.records["contact_roles"] = [each for each in roles if each[CONTACT] != role[CONTACT]]
    else:
        org.records["contact_roles"] = [*roles, {**role, ID: f"{role[ID]}:{other}-{len(roles)}"}]


def define(org: FakeOrg, one: int, other: int) -> None:  # noqa: ARG001
    """What a stage means changes: records are another matter now, though nobody touched them."""
    org.stages = (*org.stages, f"Stage {one}")
    for records in (org.records, *(held for held, _ in org.past.values())):
        for deal in records["opportunities"]:
            deal["StageName"] = org.stages[one % len(org.stages)]


ACTIONS: tuple[Callable[[FakeOrg, int, int], None], ...] = (
    edit, edit, edit_deal, create, delete, merge, merge, change_role, define,
)  # fmt: skip
steps = st.lists(
    st.tuples(st.integers(0, len(ACTIONS) - 1), st.integers(0, 40), st.integers(0, 40)), max_size=6
)


@settings(max_examples=30, deadline=None)
@given(nights=st.lists(steps, min_size=2, max_size=5))
def test_whatever_happened_the_mirror_gives_what_a_full_read_gives(
    nights: list[list[tuple[int, int, int]]],
) -> None:
    crm = following()
    with TemporaryDirectory() as folder:
        for night in nights:
            for action, one, other in night:
                ACTIONS[action](crm.org, one, other)
            mirrored = everything(crm, Mirror(Path(folder)))
            crm.follows = False
            assert mirrored == everything(crm, Mirror(None))
            crm.follows = True


def test_the_second_read_asks_for_what_changed_alone(tmp_path: Path) -> None:
    crm = following(40)
    first, _ = brought(crm, Mirror(tmp_path))
    crm.org.records["accounts"][3]["Name"] = "Renamed"
    second, rows = brought(crm, Mirror(tmp_path))
    assert (first.fetched, first.since) == (40, None)
    assert second.since is not None
    assert second.fetched < 15
    assert rows["00100003"]["Name"] == "Renamed"
    assert len(rows) == 40


def test_an_account_that_left_the_rule_goes_though_its_read_was_not_narrowed(tmp_path: Path) -> None:
    crm = following()
    mirror = Mirror(tmp_path / "mirror")
    before = everything(crm, mirror)
    crm.org.records["accounts"][1]["Type"] = "Prospect"
    after = everything(crm, mirror)
    gone = {row["@id"] for row in before["accounts"]} - {row["@id"] for row in after["accounts"]}
    assert gone == {"00100001"}


def test_everything_is_read_again_after_the_days_set_and_on_demand(tmp_path: Path) -> None:
    crm = following()
    brought(crm, Mirror(tmp_path, reconcile_days=7))

    def since(mirror: Mirror) -> datetime | None:
        return brought(crm, mirror)[0].since

    assert since(Mirror(tmp_path, reconcile_days=7)) is not None
    assert since(Mirror(tmp_path, reconcile_days=0)) is None
    assert since(Mirror(tmp_path, reconcile_days=7, full=True)) is None
    _backdate(tmp_path, timedelta(days=6, hours=11))
    assert since(Mirror(tmp_path, reconcile_days=7)) is not None
    _backdate(tmp_path, timedelta(days=6, hours=23, minutes=59))  # a week later, some seconds early
    assert since(Mirror(tmp_path, reconcile_days=7)) is None


def test_a_full_read_keeps_mergers_that_the_crm_has_forgotten(tmp_path: Path) -> None:
    crm = following()
    crm.org.merged = {"0019A": "0019B"}
    brought(crm, Mirror(tmp_path))
    crm.org.merged = {"0019B": "00100002"}
    found, _ = brought(crm, Mirror(tmp_path, full=True))
    assert found.merged == {"0019A": "00100002", "0019B": "00100002"}


def test_a_loser_that_was_restored_is_no_loser(tmp_path: Path) -> None:
    crm = following()
    crm.org.merged = {"0019A": "00100002"}
    brought(crm, Mirror(tmp_path))
    crm.org.records["accounts"].append({ID: "0019A", "Name": "Back", "Type": "Customer"})
    del crm.org.merged["0019A"]
    found, rows = brought(crm, Mirror(tmp_path))
    assert found.merged == {}
    assert rows["0019A"]["Name"] == "Back"


def test_a_user_who_lost_sight_of_many_records_is_noticed(tmp_path: Path) -> None:
    crm = following(60)
    brought(crm, Mirror(tmp_path))
    for hidden, since in ((20, True), (25, False)):
        seen = crm.org.records["accounts"]
        crm.org.records["accounts"] = seen[hidden:]
        for held, _ in crm.org.past.values():  # nothing says that they went
            held["accounts"] = held["accounts"][hidden:]
        found, rows = brought(crm, Mirror(tmp_path))
        assert (found.since is not None, len(rows)) == (since, 60 if since else 35)
        crm.org.records["accounts"] = seen


@pytest.mark.parametrize(
    "request_",
    [
        PullRequest("accounts", ("Name",)),
        PullRequest("accounts", ("Name", "Type", "OwnerId")),
        PullRequest("accounts", ("Name", "Type"), date="CreatedDate"),
    ],
    ids=["fewer fields", "more fields", "another request"],
)
def test_another_request_is_read_in_full(tmp_path: Path, request_: PullRequest) -> None:
    crm = following()
    brought(crm, Mirror(tmp_path))
    found, _ = brought(crm, Mirror(tmp_path), request_)
    assert found.since is None
    assert brought(crm, Mirror(tmp_path), request_)[0].since is not None


def test_a_field_of_another_type_is_read_in_full(tmp_path: Path) -> None:
    crm = following()
    request = PullRequest("accounts", ("NumberOfEmployees",))
    brought(crm, Mirror(tmp_path), request)
    known = crm.org.fields["accounts"]
    known["NumberOfEmployees"] = known["Name"]
    for record in crm.org.records["accounts"]:
        record["NumberOfEmployees"] = "many"
    found, rows = brought(crm, Mirror(tmp_path), request)
    assert found.since is None
    assert {row["NumberOfEmployees"] for row in rows.values()} == {"many"}


def test_a_request_that_cannot_be_followed_is_read_anew_every_time(tmp_path: Path) -> None:
    crm = following()
    brought(crm, Mirror(tmp_path))
    crm.follows = False
    assert brought(crm, Mirror(tmp_path))[0].since is None
    crm.follows = True
    assert brought(crm, Mirror(tmp_path))[0].since is None
    assert brought(crm, Mirror(tmp_path))[0].since is not None


@pytest.mark.parametrize(
    "damage", ["no state", "no json", "a missing key", "no rows", "cut rows", "fewer rows"]
)
def test_a_damaged_mirror_is_made_anew(tmp_path: Path, damage: str) -> None:
    crm = following()
    brought(crm, Mirror(tmp_path))
    state = tmp_path / "accounts" / "state.json"
    (file, *_) = sorted(next(each for each in state.parent.iterdir() if each.is_dir()).iterdir())
    if damage == "no state":
        state.unlink()
    elif damage == "no json":
        state.write_text(state.read_text()[:40])
    elif damage == "a missing key":
        state.write_text(json.dumps({"fingerprint": ""}))
    elif damage == "no rows":
        for each in file.parent.iterdir():
            each.unlink()
        file.parent.rmdir()
    elif damage == "cut rows":
        file.write_bytes(file.read_bytes()[:-20])
    else:
        file.unlink()
    found, rows = brought(crm, Mirror(tmp_path))
    assert found.since is None
    assert len(rows) == 12
    assert brought(crm, Mirror(tmp_path))[0].since is not None


def test_a_folder_that_cannot_be_written_costs_time_alone(tmp_path: Path) -> None:
    (tmp_path / "mirror").write_text("no folder")
    crm = following()
    for _ in range(2):
        found, rows = brought(crm, Mirror(tmp_path / "mirror"))
        assert (found.since, len(rows)) == (None, 12)


def test_old_rows_go_when_new_ones_are_kept(tmp_path: Path) -> None:
    crm = following()
    for number in range(4):
        crm.org.records["accounts"][0]["Name"] = str(number)
        brought(crm, Mirror(tmp_path))
    assert len(list((tmp_path / "accounts").iterdir())) == 2


def test_a_run_keeps_its_rows_when_another_moves_the_mirror_on(tmp_path: Path) -> None:
    crm = following()
    brought(crm, Mirror(tmp_path / "mirror"))
    (tmp_path / "mine").mkdir()
    mine = Mirror(tmp_path / "mirror").read(crm, ACCOUNTS, tmp_path / "mine")
    crm.org.records["accounts"][0]["Name"] = "Later"
    brought(crm, Mirror(tmp_path / "mirror"))
    rows = mine.source.frame.to_native().collect()
    assert rows.filter(pl.col(ID) == "00100000")["Name"].item() == "Company 0"


DYING = """
import os, pickle, signal, sys
from pathlib import Path
from connector.crm import PullRequest
from connector.mirror import Mirror
from tests.contract.fake import FakeCrm
folder, fatal = Path(sys.argv[1]), int(sys.argv[2])
crm = FakeCrm(pickle.loads((folder / "org").read_bytes()), follows=True)
crm.org.records["accounts"][2]["Name"] = "Renamed"
steps = 0
def watch(event, arguments):
    global steps
    if event in ("open", "os.link", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"):
        if str(folder / "mirror") in str(arguments):
            steps += 1
            if steps == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
Mirror(folder / "mirror").read(crm, PullRequest("accounts", ("Name", "Type")), folder / "run")
print(steps)
"""


@pytest.mark.parametrize("fatal", [2, 5, 8])
def test_a_process_killed_at_a_step_leaves_a_mirror_that_is_right(tmp_path: Path, fatal: int) -> None:
    assert not survives(tmp_path, fatal)


@pytest.mark.proof
def test_a_process_killed_at_any_step_leaves_a_mirror_that_is_right(tmp_path: Path) -> None:
    fatal = 1
    while not survives(tmp_path / str(fatal), fatal):
        fatal += 1
    assert fatal > 8


def survives(folder: Path, fatal: int) -> bool:
    """Let a process die at that file operation of its read, and read on; whether it came to its end before."""
    (folder / "run").mkdir(parents=True)
    crm = following()
    brought(crm, Mirror(folder / "mirror"))
    (folder / "org").write_bytes(pickle.dumps(crm.org))
    command = [sys.executable, "-c", DYING, str(folder), str(fatal)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -9), done.stderr
    crm.org.records["accounts"][2]["Name"] = "Renamed"
    found, rows = brought(crm, Mirror(folder / "mirror"))
    assert found.since is not None
    assert (len(rows), rows["00100002"]["Name"]) == (12, "Renamed")
    return done.returncode == 0


def _backdate(folder: Path, age: timedelta) -> None:
    file = folder / "accounts" / "state.json"
    state = json.loads(file.read_text())
    state["completed"] = (datetime.now(UTC) - age).isoformat()
    file.write_text(json.dumps(state))
