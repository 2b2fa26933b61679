"""Salesforce's half of the sandbox: an org that answers REST, Bulk API 2.0, Tooling and OAuth.

`login` lists the client ids and secrets; `FIDELITY.md` one folder up says what is modelled on what source.
"""

from adapters.sandbox.salesforce.side import SalesforceSide
from adapters.sandbox.side import Side
from adapters.sandbox.world import World


def open_side(world: World) -> Side:
    """An org with users and settings, still without accounts."""
    return SalesforceSide(world)
