"""Exports and imports go through the sandbox as streams: its memory does not follow their size."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

TOKEN = {"Authorization": "Bearer sandbox-token"}
COLUMNS = [
    {"columnObjectTypeId": "0-2", "columnName": "id", "columnType": "HUBSPOT_OBJECT_ID"},
    {"columnObjectTypeId": "0-2", "columnName": "wallet", "propertyName": "kpm_wallet"},
]
IMPORT = {
    "name": "Values",
    "importOperations": {"0-2": "UPDATE"},
    "files": [
        {
            "fileName": "values.csv",
            "fileFormat": "CSV",
            "fileImportPage": {"hasHeader": True, "columnMappings": COLUMNS},
        }
    ],
}


def serving(accounts: int, data: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.sandbox.hubspot.serving", str(accounts), str(data)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def until(url: str, key: str, ended: tuple[str, ...]) -> dict[str, Any]:
    while True:
        body: dict[str, Any] = requests.get(url, headers=TOKEN, timeout=120).json()
        if body[key] in ended:
            return body
        time.sleep(0.5)


def exported(url: str, path: Path) -> None:
    request = {
        "exportType": "VIEW",
        "format": "CSV",
        "exportName": "Deals",
        "objectType": "DEAL",
        "objectProperties": ["dealname", "amount", "closedate", "dealstage"],
        "associatedObjectType": ["COMPANY"],
        "exportInternalValuesOptions": ["NAMES", "VALUES"],
    }
    start = f"{url}/crm/v3/exports/export/async"
    task = requests.post(start, json=request, headers=TOKEN, timeout=60).json()
    done = until(f"{start}/tasks/{task['id']}/status", "status", ("COMPLETE",))
    with requests.get(done["result"], stream=True, timeout=120) as answer, path.open("wb") as file:
        for piece in answer.iter_content(1 << 20):
            file.write(piece)


def form(path: Path) -> Iterator[bytes]:
    """A form with a file, piece by piece."""
    disposition = b"--boundary\r\nContent-Disposition: form-data; "
    yield disposition + b'name="importRequest"\r\n\r\n' + json.dumps(IMPORT).encode() + b"\r\n"
    yield disposition + b'name="files"; filename="values.csv"\r\nContent-Type: text/csv\r\n\r\n'
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece
    yield b"\r\n--boundary--\r\n"


def imported(url: str, path: Path) -> int:
    answer = requests.post(
        f"{url}/crm/v3/imports",
        data=form(path),
        headers={**TOKEN, "Content-Type": "multipart/form-data; boundary=boundary"},
        timeout=120,
    )
    done = until(f"{url}/crm/v3/imports/{answer.json()['id']}", "state", ("DONE", "FAILED"))
    counters: dict[str, int] = done["metadata"]["counters"]
    return counters.get("UPDATED_OBJECTS", 0)


def peak(accounts: int, folder: Path) -> int:
    """The most bytes that a sandbox held while it exported its deals and imported a row per company."""
    data, rows = folder / f"{accounts}.sqlite", folder / f"{accounts}.csv"
    with serving(accounts, data) as making:
        assert making.wait() == 0
    with serving(accounts, data) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        url = process.stdout.readline().strip()
        exported(url, folder / f"{accounts}.zip")
        with rows.open("w", encoding="utf-8") as file:
            file.write("id,wallet\n")
            file.writelines(f"{30_100_000_000 + 7 * key},{key}\n" for key in range(1, accounts + 1))
        assert imported(url, rows) > 0.9 * accounts
        process.stdin.close()
        return int(process.stdout.readline())


@pytest.mark.proof
def test_four_times_the_records_need_no_more_memory(tmp_path: Path) -> None:
    # The smaller one fills the database's caches, too: what differs are the records.
    small, large = peak(100_000, tmp_path), peak(400_000, tmp_path)
    assert large < small * 1.1
