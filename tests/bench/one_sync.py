"""One sync of a configured connection, as `kpm sync` does it: run by `tests.bench` in a process of its own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.bench.process import Meter, answer, arguments


def _sync(file: Path, as_of: date) -> None:
    meter = Meter()
    # Loading the program is part of what a night costs.
    from adapters import open_crm  # noqa: PLC0415
    from connector import config  # noqa: PLC0415
    from connector.mapping import live, read  # noqa: PLC0415
    from connector.mirror import Mirror  # noqa: PLC0415
    from connector.store import open_store  # noqa: PLC0415
    from connector.sync import sync  # noqa: PLC0415

    settings = config.load(file)
    name = config.chosen(settings, None)
    own, limits = settings.connections[name], settings.limits_of(name)
    mapping, _ = read(own.mapping, own.crm)
    crm = open_crm(own, time_zone=settings.schedule.time_zone, quota_share=limits.max_quota_share)
    with open_store(settings.store, name) as store:
        meter.stage("check")
        live.demand(mapping, crm, own.mapping.name, provisioned=True)
        mirror = Mirror(store.mirror, reconcile_days=limits.reconcile_days)
        outcome = sync(crm, store, mapping, as_of, limits, mirror=mirror, progress=meter)
    crm.close()
    stages = meter.stages()
    answer(
        stages=stages,
        rows=outcome.preview.rows,
        portfolio=outcome.run.counts["portfolio"],
        written=outcome.written.written,
        unwritten=len(outcome.written.unwritten),
        minimum=outcome.run.minimum,
    )


if __name__ == "__main__":
    given = arguments()
    _sync(Path(given["config"]), date.fromisoformat(given["as_of"]))
