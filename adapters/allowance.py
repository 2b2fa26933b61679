"""How much of the CRM's daily API calls a run may use up.

The CRM counts everybody's calls, and other integrations need some too. Before calls run out, a run stops by itself:
while it reads, by an error; while it writes, by leaving changes to the next run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from connector.crm import CrmName
from connector.errors import CrmTemporaryError

_BACK = {
    "salesforce": "Salesforce counts the calls of the last 24 hours",
    "hubspot": "HubSpot begins to count anew at midnight of the portal's time zone",
}


class Meter(Protocol):
    """What the CRM last said about its API calls.

    Attributes:
        used: calls of today by everybody, None as long as the CRM has not told.
        limit: how many it allows, None as long as it has not told.
    """

    used: int | None
    limit: int | None


@dataclass(frozen=True, slots=True)
class Allowance:
    """A share of the daily API calls.

    Attributes:
        crm: whose calls these are.
        meter: how many are used.
        share: of the CRM's limit, that may be used up by everybody together; 0 to 1.
    """

    crm: CrmName
    meter: Meter
    share: float = 1.0

    def covers(self, calls: int = 1) -> bool:
        """Whether so many more calls stay within the share; a CRM that tells nothing sets no bound."""
        if self.meter.used is None or self.meter.limit is None:
            return True
        return self.meter.used + calls <= self.meter.limit * self.share

    def require(self, operation: str) -> None:
        """Stop here if no call is left.

        Args:
            operation: what the next call is for, in a person's words ("read accounts").

        Raises:
            CrmTemporaryError: the share is used up.
        """
        if self.covers():
            return
        used, limit = self.meter.used or 0, self.meter.limit or 0
        raise CrmTemporaryError(
            f"Stopped before it could {operation}: {used:,} of today's {limit:,} API calls are used up, by everybody, "
            f"and kpm stops at {limit * self.share:,.0f} (max_quota_share = {self.share:g}). Nothing was "
            f"written. {_BACK[self.crm]}; run the command again then, or allow a larger share.",
            crm=self.crm,
            operation=operation,
        )
