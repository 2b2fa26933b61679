"""One way of talking to a CRM, alone: reading or writing through the adapter, or reading with the plain client library.

Run by `tests.bench` in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tests.bench.process import Meter, answer, arguments

TEXT = "Key account: potential 72, attractiveness 80. Strong: Clear strategy 100. Weak: Future demand 25 (rated)."


def read(file: Path) -> None:
    """Accounts and opportunities as a sync reads them, into Parquet."""
    meter = Meter()
    from connector.stages.pull import requests  # noqa: PLC0415 - loading is measured, too

    crm, mapping, _ = _opened(file)
    rows = {}
    with TemporaryDirectory(prefix="kpm-bench-") as folder:
        for request in requests(mapping, crm.describe("accounts"))[:2]:
            meter.stage(request.object)
            place = Path(folder) / request.object
            place.mkdir()
            rows[request.object] = crm.pull(request, place).rows
    crm.close()
    answer(stages=meter.stages(), rows=rows)


def prepare(file: Path, changes: Path) -> None:
    """A file of changes of six results on every account, as a sync leaves it.

    In a process of its own: what reading and making this takes would count as the writing's memory.
    """
    import polars as pl  # noqa: PLC0415

    from connector.crm import ID, SEND, WAS, PullRequest  # noqa: PLC0415

    crm, mapping, _ = _opened(file)
    targets = mapping.write.targets
    values = {"segment": pl.lit("develop"), "confidence": pl.lit("firm"), "why": pl.lit(TEXT)}
    values |= {"potential": pl.lit(72.0), "attractiveness": pl.lit(31.0), "headroom": pl.lit(123456.0)}
    columns = [
        column
        for key, value in values.items()
        for column in (
            value.alias(targets[key]),
            pl.lit(value=True).alias(SEND + targets[key]),
            pl.lit(None, pl.String).alias(WAS + targets[key]),
        )
    ]
    with TemporaryDirectory(prefix="kpm-bench-") as folder:
        pulled = crm.pull(PullRequest("accounts", ()), Path(folder))
        pl.scan_parquet(list(pulled.paths)).select(ID, *columns).sink_parquet(changes)
    crm.close()
    answer()


def write(file: Path, changes: Path, as_of: date) -> None:
    """These changes, journalled as in a sync."""
    meter = Meter()
    from connector.stages.write import write as written  # noqa: PLC0415 - loading is measured, too
    from connector.store import open_store  # noqa: PLC0415

    crm, _, settings = _opened(file)
    with open_store(settings.store, "acme") as store:
        types = {name: known.type for name, known in crm.describe("accounts").items()}
        run = store.runs.begin(as_of, "bench")
        meter.stage("write")
        done = written(crm, changes, types, store.journal.of(run.id), store.jobs)
    crm.close()
    answer(stages=meter.stages(), written=done.written)


def plain(file: Path) -> None:
    """The same records with the client library's own loop, as its documentation shows it."""
    meter = Meter()
    crm, mapping, settings = _opened(file)
    own = settings.connections["acme"]
    from connector.stages.pull import requests  # noqa: PLC0415

    fields = {each.object: each.fields for each in requests(mapping, crm.describe("accounts"))[:2]}
    crm.close()
    loop = _simple_salesforce if own.crm == "salesforce" else _hubspot_client
    rows = {}
    for name, found in loop(own, fields):
        meter.stage(name)
        rows[name] = sum(1 for _ in found)
    answer(stages=meter.stages(), rows=rows)


def _opened(file: Path) -> tuple[Any, Any, Any]:
    from adapters import open_crm  # noqa: PLC0415
    from connector import config  # noqa: PLC0415
    from connector.mapping import load  # noqa: PLC0415

    settings = config.load(file)
    own = settings.connections["acme"]
    return open_crm(own, time_zone=settings.schedule.time_zone), load(own.mapping), settings


def _simple_salesforce(own: Any, fields: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, Iterator[Any]]]:
    import requests as http  # noqa: PLC0415
    from requests.adapters import HTTPAdapter  # noqa: PLC0415
    from simple_salesforce import Salesforce  # noqa: PLC0415

    class Loopback(HTTPAdapter):
        def send(self, request: http.PreparedRequest, *args: Any, **settings: Any) -> http.Response:
            request.url = urlunsplit(urlsplit(str(request.url))._replace(scheme="http"))
            return super().send(request, *args, **settings)

    form = {
        "grant_type": "client_credentials",
        "client_id": own.client_id,
        "client_secret": own.client_secret.get_secret_value(),
    }
    token = http.post(f"{own.login_url}/services/oauth2/token", data=form, timeout=30).json()
    session = http.Session()
    session.mount("https://127.0.0.1", Loopback())
    client = Salesforce(instance_url=token["instance_url"], session_id=token["access_token"], session=session)
    for name, title, more in (
        ("accounts", "Account", ""),
        ("opportunities", "Opportunity", ", IsWon, IsClosed"),
    ):
        names = ", ".join(dict.fromkeys(("Id", *fields[name])))
        extra = ", AccountId" if name == "opportunities" and "AccountId" not in fields[name] else ""
        yield name, client.query_all_iter(f"SELECT {names}{extra}{more} FROM {title}")


def _hubspot_client(own: Any, fields: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, Iterator[Any]]]:
    from hubspot import HubSpot  # noqa: PLC0415

    client = HubSpot(access_token=own.access_token.get_secret_value(), host=own.api_url)
    yield "accounts", iter(client.crm.companies.get_all(properties=list(fields["accounts"])))
    deals = client.crm.deals.get_all(properties=list(fields["opportunities"]), associations=["companies"])
    yield "opportunities", iter(deals)


if __name__ == "__main__":
    given = arguments()
    config = Path(given["config"])
    if given["task"] == "read":
        read(config)
    elif given["task"] == "prepare":
        prepare(config, Path(given["changes"]))
    elif given["task"] == "plain":
        plain(config)
    else:
        write(config, Path(given["changes"]), date.fromisoformat(given["as_of"]))
