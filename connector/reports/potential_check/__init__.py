"""`kpm potential-check`: before anyone starts, is the data good enough, and what would make it so?

It looks at what a preview has read and computed, and writes nothing. Each file answers one question; `check` asks them
all and comes to a verdict.
"""

from connector.reports.potential_check.check import potential_check
from connector.reports.potential_check.findings import PotentialCheck
from connector.reports.potential_check.page import page

__all__ = ["PotentialCheck", "page", "potential_check"]
