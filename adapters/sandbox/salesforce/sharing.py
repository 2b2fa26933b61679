"""Which records a user sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.sandbox.database import quoted

if TYPE_CHECKING:
    from adapters.sandbox.salesforce.access import Access
    from adapters.sandbox.salesforce.org import Org
    from adapters.sandbox.salesforce.schema import SObject


def live_row(org: Org, access: Access, target: SObject, record_id: str) -> Any:  # noqa: ANN401 (a row of SQLite)
    """A record that the user may see; None if there is none."""
    row = org.database.row(f"SELECT * FROM {quoted(target.table)} WHERE Id = ?", (record_id,))
    if row is None or (not target.setup and row["IsDeleted"]):
        return None
    hidden = access.half and target.name == "Account" and row["rowid"] % 2
    return None if hidden else row
