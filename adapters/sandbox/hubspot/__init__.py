"""HubSpot's HTTP API as the sandbox speaks it. The made-up credentials are listed in `auth`."""

from __future__ import annotations

from adapters.sandbox.hubspot.side import HubSpotSide
from adapters.sandbox.side import Side
from adapters.sandbox.world import World

__all__ = ["open_side"]


def open_side(world: World) -> Side:
    """An empty portal in `world`, to be loaded."""
    return HubSpotSide(world)
