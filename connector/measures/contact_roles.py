"""Measures over the people at the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import narwhals as nw

from connector.mapping.model import ContactRolesSource
from connector.measures.aggregates import DAY, Aggregates
from connector.reading import fold, missing
from connector.tables import divided

ROLE = "@held_role"
"""Column with the role, trimmed and in lower case; null if none is filled in."""


def role_coverage(source: ContactRolesSource, roles: Aggregates) -> nw.Expr:
    """Share of the ``required`` groups of which an active contact holds at least one role, 0..1.

    Active: last activity at most ``active_within_days`` ago; a contact without a date counts as active, and without
    ``active_within_days`` everybody does. Missing if no contact of the account, active or not, has any role: so a
    champion who left gives 0, not missing.
    """
    filled = ~nw.col(ROLE).is_null()
    active = filled
    if source.active_within_days is not None:
        active = filled & (nw.col(DAY) >= roles.as_of - source.active_within_days).fill_null(True)
    held = []
    for group in source.required:
        names = tuple(sorted({fold(role) for role in ((group,) if isinstance(group, str) else group)}))
        holds = active & nw.col(ROLE).is_in(names).fill_null(False)
        people = roles.number(("held", names, source.active_within_days), holds)
        held.append((people > 0).cast(nw.Int32))
    known = roles.number(("filled",), filled) > 0
    share = divided(nw.sum_horizontal(*held), len(held))
    return nw.when(known).then(share).otherwise(missing(nw.Float64))


MEASURES: Final[Mapping[str, Callable[[ContactRolesSource, Aggregates], nw.Expr]]] = {
    "role_coverage": role_coverage,
}
"""What ``from = "contact_roles"`` can measure."""
