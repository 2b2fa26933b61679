"""What the check finds. Money is in whole cents, shares are 0..1, None is unknown."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from connector.reports.plan import Zone
from connector.reports.ratings_wanted import Standing


@dataclass(frozen=True, slots=True)
class Alike:
    """Accounts of the portfolio whose names are the same but for legal form, case and punctuation."""

    name: str
    ids: tuple[str, ...]
    revenue: int


@dataclass(frozen=True, slots=True)
class Population:
    """Who is in the portfolio.

    Attributes:
        read: accounts read.
        portfolio: those that the portfolio rule lets in.
        revenue: their won amounts of the last 12 months, negative ones as 0.
        without_revenue: accounts without any, or whose revenue is unknown.
        inactive: nothing won in the last 24 months and nothing open.
        alike: groups of possible duplicates, largest revenue first; the first ones are listed.
        alike_groups, alike_accounts, alike_revenue: all of them.
        children: accounts that name a parent.
        families: parents that have children in the portfolio.
        largest_family: children of the parent that has most.
    """

    read: int
    portfolio: int
    revenue: int
    without_revenue: int
    inactive: int
    inactive_revenue: int
    alike: tuple[Alike, ...]
    alike_groups: int
    alike_accounts: int
    alike_revenue: int
    children: int
    families: int
    largest_family: int


@dataclass(frozen=True, slots=True)
class Filled:
    """How well one field is kept.

    Attributes:
        object: section of the mapping.
        field: API name.
        use: what it serves: a criterion's label or a key path.
        records: of the portfolio.
        filled: share of the records that have a value.
        by_revenue: share of the revenue whose accounts have one; None for records of other objects.
        distinct: different values.
        most_common: share of the commonest among the filled ones.
        age_days: median age, where the mapping says when the value was given.
    """

    object: str
    field: str
    use: str
    records: int
    filled: float
    by_revenue: float | None
    distinct: int
    most_common: float | None
    age_days: int | None


@dataclass(frozen=True, slots=True)
class Linkage:
    """How opportunities and other records hang together with accounts.

    Attributes:
        opportunities: read.
        without_account: with no account at all.
        undated: without a close date.
        open, overdue: open ones of the portfolio, and those whose close date has passed.
        won, without_amount: won and open ones of the portfolio, and those without an amount.
        overdue_revenue, without_amount_revenue: revenue of the accounts concerned.
        currencies: number of opportunities by currency, "" where the CRM names none.
        reached: by object, accounts of the portfolio that have at least one record.
    """

    opportunities: int
    without_account: int
    undated: int
    open: int
    overdue: int
    overdue_revenue: int
    counted: int
    without_amount: int
    without_amount_revenue: int
    currencies: dict[str, int]
    reached: dict[str, int]


@dataclass(frozen=True, slots=True)
class Concentration:
    """How unevenly revenue is spread over the accounts that have some.

    Attributes:
        accounts: with revenue above 0.
        curve: share of these accounts, largest first -> share of the revenue.
        half, most: accounts that make up 50 % and 80 % of it.
        gini: 0 all alike, towards 1 one has all; None without revenue.
    """

    accounts: int
    curve: tuple[tuple[float, float], ...]
    half: int
    most: int
    gini: float | None


Verdict = Literal["separates", "reversed", "cannot tell", "too few"]


@dataclass(frozen=True, slots=True)
class Separation:
    """Whether a criterion tells accounts apart that last bought from those that last declined.

    Attributes:
        won, lost: accounts with a score whose latest closed opportunity was won, or lost.
        auc: chance that an account of the first kind has the higher score; ties count half. None if too few.
        low, high: 95 % confidence interval.
        circular: the criterion reads won opportunities itself, so that it says less than it seems.
    """

    criterion: str
    label: str
    dimension: str
    won: int
    lost: int
    auc: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    circular: bool


@dataclass(frozen=True, slots=True)
class LargestFocus:
    """A campaign focus by its change potential."""

    focus: str
    label: str
    members: int
    money: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Fix:
    """Something to mend.

    Attributes:
        what: what is wrong.
        remedy: what to do.
        worth: revenue of the accounts concerned; None where that cannot be said.
        blocking: without it, the method cannot start.
    """

    what: str
    remedy: str
    worth: int | None
    blocking: bool = False


@dataclass(frozen=True, slots=True)
class PotentialCheck:
    """Everything that the check found; see the parts."""

    as_of: date
    currency: str
    population: Population
    fields: tuple[Filled, ...]
    linkage: Linkage
    concentration: Concentration
    zones: tuple[Zone, ...]
    standings: tuple[Standing, ...]
    rated_revenue: float | None
    firm_revenue: float | None
    foci: tuple[LargestFocus, ...]
    separation: tuple[Separation, ...]
    quality: tuple[dict[str, Any], ...]
    fixes: tuple[Fix, ...]

    @property
    def go(self) -> bool:
        """Nothing stands in the way of starting."""
        return not any(fix.blocking for fix in self.fixes)

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON; money in cents."""
        return {"go": self.go, **asdict(self)}
