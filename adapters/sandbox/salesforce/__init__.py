"""Salesforce's half of the sandbox: an org that answers REST, Bulk API 2.0, Tooling and OAuth.

`oauth` lists the client ids and secrets; `FIDELITY.md` one folder up says what is modelled on what source.
"""

from adapters.sandbox.salesforce.side import SalesforceSide as open_side

__all__ = ["open_side"]
