"""Which scopes a key needs, and for what. Where several are listed together, any one of them will do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from connector.crm import Object

Alternatives: TypeAlias = tuple[str, ...]

WRITE: tuple[Alternatives, ...] = (("crm.objects.companies.write",),)
DEFINE = "crm.schemas.companies.write"
"""Creates properties of companies, and changes their options."""
CURRENCIES: tuple[Alternatives, ...] = (("settings.currencies.read", "multi-currency-read"),)

EXPORT: tuple[Alternatives, ...] = (("crm.export",),)
IMPORT: tuple[Alternatives, ...] = (("crm.import",),)

READ: Mapping[Object, tuple[Alternatives, ...]] = {
    "accounts": (("crm.objects.companies.read",),),
    "opportunities": (("crm.objects.deals.read",),),
    "contact_roles": (("crm.objects.contacts.read",),),
    "cases": (("tickets", "crm.objects.tickets.read"),),
    "orders": (("crm.objects.orders.read",),),
    "activities": (("crm.objects.contacts.read",), ("sales-email-read",)),
}
"""Scopes to read a section. Activities come with contacts; the text of e-mails, which nobody here reads, and the
records themselves with a scope of their own."""


def missing(wanted: Iterable[Alternatives], held: frozenset[str]) -> list[Alternatives]:
    """Those of which none is held."""
    return [alternatives for alternatives in wanted if not held & set(alternatives)]


def named(alternatives: Alternatives) -> str:
    """Alternatives as words."""
    return " or ".join(alternatives)
