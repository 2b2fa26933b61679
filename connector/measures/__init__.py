"""Measures: what is known about an account, as a raw value with a unit. One file per ``from``.

To add one: name it in its source's model in `connector.mapping.model`, write one function and its entry in MEASURES
of the file named after its ``from``, and a test file in ``tests/unit/measures``. A measure of records asks
`connector.measures.aggregates.Aggregates` for the figures that it needs; all figures of all measures come from one
pass over the records.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import narwhals as nw

from connector.mapping.model import (
    ActivitiesSource,
    ContactRolesSource,
    CsvSource,
    FieldSource,
    OpportunitiesSource,
    RecordsSource,
    Rung,
    WalletSource,
)
from connector.measures import activities, contact_roles, criteria, opportunities, records, wallet
from connector.measures.field import nothing
from connector.measures.figures import Figures
from connector.measures.pooled import Pooled

BUILT: Final[dict[str, frozenset[str]]] = {
    "opportunities": frozenset(opportunities.MEASURES),
    "contact_roles": frozenset(contact_roles.MEASURES),
    "cases": frozenset(records.MEASURES),
    "orders": frozenset(records.MEASURES),
    "activities": frozenset(activities.MEASURES),
    "wallet": frozenset(wallet.MEASURES),
    "criteria": frozenset(criteria.MEASURES),
}
"""Measures that are built, by ``from``."""
WALLET_SOURCES: Final = wallet.SOURCES
"""Sources of a wallet that answer."""

Measured: TypeAlias = nw.Expr | Pooled | FieldSource | CsvSource | WalletSource
"""An expression over figures; a rate that waits for the portfolio's; or a source whose column comes of itself: a
field from the account, a column of a file, a wallet's figure once the wallet is known. What is made of other criteria
is missing until they are scored."""


def measured(rung: Rung, figures: Figures) -> Measured:
    """What a source measures; missing if it reads an object that was not pulled."""
    source = rung.source
    if isinstance(source, FieldSource | CsvSource | WalletSource):
        return source
    if isinstance(source, RecordsSource):
        if all(name in figures for name in records.objects(source)):
            return records.MEASURES[source.measure](source, figures)
    elif isinstance(source, OpportunitiesSource) and source.measure in opportunities.MEASURES:
        return opportunities.MEASURES[source.measure](source, figures["opportunities"])
    elif isinstance(source, ContactRolesSource) and source.from_ in figures:
        return contact_roles.MEASURES[source.measure](source, figures[source.from_])
    elif isinstance(source, ActivitiesSource) and source.from_ in figures:
        return activities.MEASURES[source.measure](source, figures[source.from_])
    return nothing(rung.scale)
