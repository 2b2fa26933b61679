"""A generated portfolio as frames for the stages and as rows for the oracle, and how their results are compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from pydantic import SecretStr

from adapters import open_crm
from adapters.sandbox import Sandbox
from connector.config import HubspotConnection, SalesforceConnection
from connector.crm import FieldType
from connector.mapping import Mapping, load
from connector.measures.wallet import MODEL
from connector.mirror import Mirror
from connector.overrides import OverrideFile
from connector.reference import Reference, References
from connector.stages.map import map_accounts
from connector.stages.pull import Read, pull
from connector.stages.score import score
from connector.stages.segment import segment
from connector.tables import Frame, History, Source
from tests.oracle.arithmetic import column
from tests.oracle.method import Decision, Learnt, Rated, rate

AS_OF = date(2026, 11, 24)
SHIPPED = Path(__file__).parents[2] / "mappings"


@dataclass
class Portfolio:
    """What a pull has read, as frames for the stages and as rows for the oracle."""

    crm: str
    read: Read
    mapping: Mapping
    csv: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    learnt: dict[str, References] = field(default_factory=dict, init=False)

    def model(self, mapping: Mapping) -> Reference:
        """The wallet model of a mapping, learnt once: both sides work with the same coefficients."""
        key = mapping.model_dump_json()
        if key not in self.learnt:
            references = References("2026Q4")
            args = (AS_OF, self.read.currencies, History(), references, OverrideFile())
            map_accounts(self.read.sources, mapping, *args, csv=self.read.files)
            self.learnt[key] = references
        return self.learnt[key].fresh[MODEL]

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        return {name: rows_of(source) for name, source in self.read.sources.items()}

    def types(self) -> dict[str, FieldType]:
        return {
            column(name): kind
            for source in self.read.sources.values()
            for name, kind in source.schema.items()
        }


def rows_of(source: Source) -> list[dict[str, Any]]:
    native: pl.DataFrame = source.frame.collect().to_native()
    return native.to_dicts()


def pulled(crm_name: str, folder: Path) -> Portfolio:
    """1,000 accounts as the shipped mapping reads them, activities too."""
    mapping = load(SHIPPED / f"{crm_name}.toml")
    with Sandbox((crm_name,), accounts=1_000, seed=23, today=AS_OF) as sandbox:
        connection: SalesforceConnection | HubspotConnection
        if crm_name == "salesforce":
            connection = SalesforceConnection(
                crm="salesforce",
                mapping=SHIPPED,
                auth="client_credentials",
                login_url=sandbox.url,
                client_id="sandbox-sync",
                client_secret=SecretStr("sandbox-secret"),
            )
        else:
            connection = HubspotConnection(
                crm="hubspot", mapping=SHIPPED, api_url=sandbox.url, access_token=SecretStr("sandbox-token")
            )
        crm = open_crm(connection, time_zone="Europe/Vienna")
        read = pull(crm, _with_activities(mapping), folder, Mirror(None), provisioned=False)
        crm.close()
    return Portfolio(crm_name, read, mapping)


def _with_activities(mapping: Mapping) -> Mapping:
    """The same, with one more criterion, for which activities are read."""
    data = mapping.model_dump(by_alias=True, exclude_none=True)
    source = {"from": "activities", "measure": "days_since_last"}
    more = {"id": "contact", "dimension": "potential", "label": "x", "weight": 0, "source": source}
    more["scale"] = {"kind": "half_life", "days": 90}
    return Mapping.model_validate({**data, "criteria": [*data["criteria"], more]})


def staged(*args: Any, **options: Any) -> dict[str, dict[str, Any]]:
    """Every account after `segment`, computed; see `zoned_on`."""
    return by_id(zoned_on(*args, **options))


def by_id(frame: Frame) -> dict[str, dict[str, Any]]:
    table = frame.collect().to_arrow().to_pylist()
    return {row["id"]: row for row in table}


def zoned_on(
    portfolio: Portfolio,
    mapping: Mapping,
    backend: str,
    zones: dict[str, str] | None = None,
    shuffle: int | None = None,
    since: dict[str, int] | None = None,
    file: OverrideFile | None = None,
    session: Any = None,
) -> Frame:
    """The accounts after `segment`, lazy, rows shuffled first if a seed is given; Spark's need its session."""
    sources = {}
    for name, source in portfolio.read.sources.items():
        native: pl.DataFrame = source.frame.collect().to_native()
        if shuffle is not None:
            native = native.sample(fraction=1.0, shuffle=True, seed=shuffle)
        frame = nw.from_native(native, eager_only=True).lazy(backend=backend, session=session)
        sources[name] = Source(frame, source.schema, source.rows)
    history = History(zones=started(zones, since or {}) if zones else None, first_run=not zones)
    references = References("2026Q4", {MODEL: portfolio.model(mapping)})
    rates, file = portfolio.read.currencies, file or OverrideFile()
    csv = portfolio.read.files
    mapped = map_accounts(sources, mapping, AS_OF, rates, history, references, file, csv=csv)
    scored = score(_computed(mapped.accounts, session), mapping, references)
    return segment(_computed(scored, session), mapping, AS_OF, history, references)


def _computed(frame: Frame, session: Any) -> Frame:
    """The same; on Spark it is computed here, since its planner takes ever longer over what went before."""
    if session is None:
        return frame
    done: Frame = nw.from_native(frame.to_native().localCheckpoint())
    return done


def started(zones: dict[str, str], since: dict[str, int]) -> Any:
    days = [since.get(key) for key in zones]
    found = pl.DataFrame(
        {
            "id": list(zones),
            "zone": list(zones.values()),
            "segment": list(zones.values()),
            "zone_since": days,
            "segment_since": days,
        },
        schema_overrides={"zone_since": pl.Int32, "segment_since": pl.Int32},
    )
    return found.to_arrow(compat_level=pl.CompatLevel.oldest())


def assert_agree(rows: dict[str, dict[str, Any]], expected: dict[str, Rated], mapping: Mapping) -> None:
    assert set(rows) == set(expected)
    for key, wanted in expected.items():
        row = rows[key]
        assert row["member"] == wanted.member, key
        assert row["own"] == wanted.own, key
        assert (row["wallet"], row["headroom"]) == (wanted.wallet, wanted.headroom), (
            key,
            row["wallet_source"],
            wanted,
        )
        for criterion in mapping.criteria:
            name = criterion.id
            assert row[f"score:{name}"] == wanted.scores[name], (key, name, row, wanted.raw.get(name))
            assert row[f"known:{name}"] == wanted.known[name], (key, name)
            assert row[f"rung:{name}"] == wanted.rung[name], (key, name)
        for dimension in ("potential", "attractiveness"):
            assert row[f"points:{dimension}"] == wanted.points[dimension], (key, dimension)
            assert row[f"coverage:{dimension}"] == pytest.approx(wanted.coverage[dimension], abs=1e-9)
            assert (row[f"lo:{dimension}"], row[f"hi:{dimension}"]) == (
                wanted.low[dimension],
                wanted.high[dimension],
            )
        if wanted.member:
            assert row["top_revenue"] == wanted.top_revenue, key
            assert (row["zone"], row["segment"]) == (wanted.zone, wanted.segment), (key, row, wanted)
            assert row["confidence"] == wanted.confidence, (key, row, wanted)


def expect(
    portfolio: Portfolio,
    mapping: Mapping,
    zones: dict[str, str] | None = None,
    decisions: tuple[Decision, ...] = (),
    since: dict[str, int] | None = None,
) -> dict[str, Rated]:
    """What the oracle says; of a model of the wallet it takes the coefficients, and trusts nothing else."""
    rows, types = portfolio.rows(), portfolio.types()
    model = dict(zip(*portfolio.model(mapping).table.to_pydict().values(), strict=True))
    learnt = Learnt(portfolio.csv, model)
    rates = portfolio.read.currencies
    return rate(rows, types, mapping, AS_OF, rates, zones, decisions, zones_since=since, learnt=learnt)
