"""HubSpot's HTTP API as the sandbox speaks it. The made-up credentials are listed in `api.tokens`.

- `side` puts a portal together; `routes` lists its paths, `phases` what they are for; `behaviour` what can be set;
- `store` is what the portal holds, `load` fills it from the generated portfolio;
- `api` answers; `exports` and `imports` are its asynchronous jobs, worked off by `workers`.
"""

from __future__ import annotations

from adapters.sandbox.hubspot.side import HubSpotSide
from adapters.sandbox.side import Side
from adapters.sandbox.world import World

__all__ = ["open_side"]


def open_side(world: World) -> Side:
    """An empty portal in `world`, to be loaded."""
    return HubSpotSide(world)
