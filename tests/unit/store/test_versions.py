from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connector.config import SyncLimits
from connector.errors import BrakeError
from connector.store import Store
from connector.sync import fingerprint, sync
from tests.unit.rehearsal import LENIENT, MAPPING, mapping_of, provisioned, store_in


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with store_in(tmp_path) as opened:
        yield opened


def test_only_a_change_is_kept(store: Store) -> None:
    for mark in ("a", "a", "b", "a"):
        store.versions.note(mark, f'{{"is": "{mark}"}}')
    found = store.versions.all()
    assert [(one.fingerprint, one.content) for one in found] == [
        ("a", '{"is": "a"}'), ("b", '{"is": "b"}'), ("a", '{"is": "a"}'),
    ]  # fmt: skip
    assert found[0].who.startswith(f"{getpass.getuser()}@")
    assert datetime.now(UTC) - found[0].since < timedelta(minutes=5)


def test_a_sync_that_passes_the_brakes_puts_a_mapping_in_force(store: Store) -> None:
    mapping = mapping_of()
    crm = provisioned(mapping)
    sync(crm, store, mapping, date(2026, 1, 31), LENIENT)
    stricter = mapping_of(MAPPING.replace("zero = 100, full = 40_000", "zero = 90_000, full = 100_000"))
    strict = SyncLimits(max_moved_share=0, max_cleared_share=1, max_shrink_share=1)
    with pytest.raises(BrakeError):
        sync(crm, store, stricter, date(2026, 2, 1), strict)
    assert [one.fingerprint for one in store.versions.all()] == [fingerprint(mapping)]
    sync(crm, store, stricter, date(2026, 2, 1), strict, accept_movement=True)
    found = store.versions.all()
    assert [one.fingerprint for one in found] == [fingerprint(mapping), fingerprint(stricter)]
    assert json.loads(found[1].content)["criteria"][0]["scale"]["zero"] == 90_000
