"""A local server that speaks both CRMs' HTTP APIs, with a generated portfolio and faults to rehearse.

    with Sandbox(accounts=300, seed=1) as sandbox:
        requests.get(f"{sandbox.url}/services/data")

Parts:

- `server.Sandbox` starts and stops everything; `server.serve` runs it in the foreground;
- `world.World` is what both CRM sides share: database, faults, request log, quota, clock, options;
- `side.Side` is what one CRM side offers: its routes, loading a portfolio, and the control operations.
  `adapters.sandbox.salesforce.open_side(world)` and `adapters.sandbox.hubspot.open_side(world)` return one;
- `portfolio.generate(...)` yields the portfolio in chunks; each chunk is handed to every side's `load`,
  then `loaded()` is called once;
- `control` answers under ``/sandbox/``; `middleware` injects faults and counts requests;
- `http.blocking` makes a Starlette endpoint of a plain function that may use the database.
"""

from adapters.sandbox.server import Sandbox

__all__ = ["Sandbox"]
