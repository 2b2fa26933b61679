"""The figures of all objects together: asked for by the measures, computed in one pass per object."""

from __future__ import annotations

import narwhals as nw

from connector.crm import Object
from connector.currency import Converter
from connector.mapping.model import ContactRoles, Mapping, OpportunitiesSource
from connector.measures import rows
from connector.measures.aggregates import Aggregates
from connector.tables import Frame, Sources, beside


class Figures:
    """Figures per account over every object that was pulled.

    Args:
        sources: by object; opportunities are always among them.
        mapping: its sections say how records are read.
        as_of: days since 1970.
    """

    def __init__(self, sources: Sources, mapping: Mapping, as_of: int) -> None:
        self.as_of = as_of
        self._sources, self._mapping = sources, mapping
        self._of: dict[str, Aggregates] = {
            name: Aggregates(name, source.schema, as_of)
            for name, source in sources.items()
            if name != "accounts" and getattr(mapping, name) is not None
        }

    def __getitem__(self, name: str) -> Aggregates:
        return self._of[name]

    def __contains__(self, name: object) -> bool:
        return name in self._of

    def opportunities(self, money: Converter) -> Frame:
        """Opportunities as the figures see them."""
        sources = (rung.source for criterion in self._mapping.criteria for rung in criterion.rungs)
        caps = [
            each.max_per_deal
            for each in sources
            if isinstance(each, OpportunitiesSource) and each.max_per_deal
        ]
        return rows.opportunities(self._sources["opportunities"], self._mapping, money, self.as_of, caps)

    def note(self) -> None:
        """Note from here on which records are looked at; see `looked_at`."""
        for aggregates in self._of.values():
            aggregates.note()

    def looked_at(self) -> dict[str, nw.Expr]:
        """How many records of each object the figures look at that were asked for since `note`."""
        found = {name: aggregates.looked_at() for name, aggregates in self._of.items()}
        return {name: number for name, number in found.items() if number is not None}

    @property
    def columns(self) -> list[str]:
        """Names of all figures asked for so far."""
        return [column for aggregates in self._of.values() for column in aggregates.columns]

    def joined_to(self, accounts: Frame, money: Converter) -> Frame:
        """Accounts with every figure asked for so far; null where an account has no records."""
        deals = self.opportunities(money)
        asked = (aggregates for aggregates in self._of.values() if aggregates.columns)
        return beside(accounts, "id", (each.per_account(self._records(each.name, deals)) for each in asked))

    def _records(self, name: str, deals: Frame) -> Frame:
        if name == "opportunities":
            return deals
        known: Object = name  # type: ignore[assignment]  # only names of objects get in
        section = getattr(self._mapping, name)
        if isinstance(section, ContactRoles):
            return rows.contact_roles(self._sources[known], section, deals, self.as_of)
        return rows.dated(self._sources[known], section)
