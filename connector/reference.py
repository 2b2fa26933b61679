"""Reference values: figures taken over the whole portfolio, computed once per fiscal quarter and then frozen.

Between refreshes one account's data never moves another's score. A stage asks for a value by key and says how to
compute it; what is stored for the quarter answers, else it is computed now and kept in `fresh`, which a run that
passed the brakes stores and every other run forgets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Reference:
    """One stored value.

    Attributes:
        fingerprint: changes when what the value is computed from is edited in the mapping.
        table: the value; a single figure is a table with one row and one column ``value``.
    """

    fingerprint: str
    table: pa.Table


FEW: Final = 20
"""Of fewer accounts no distribution is frozen: the first three ratings of a quarter must not set its measure."""


@dataclass(slots=True)
class References:
    """The reference values of one connection and quarter.

    Attributes:
        quarter: such as ``2026Q4``, of the fiscal year.
        stored: by key, as the store holds them.
        fresh: by key, what this run has computed.
    """

    quarter: str
    stored: Mapping[str, Reference] = field(default_factory=dict)
    fresh: dict[str, Reference] = field(default_factory=dict)

    def table(self, key: str, fingerprint: str, compute: Callable[[], pa.Table]) -> pa.Table:
        """The table of this key: stored with the same fingerprint, else computed now."""
        for known in (self.fresh, self.stored):
            reference = known.get(key)
            if reference is not None and reference.fingerprint == fingerprint:
                return reference.table
        table = compute()
        self.fresh[key] = Reference(fingerprint, table)
        return table

    def figure(self, key: str, fingerprint: str, compute: Callable[[], float | None]) -> float | None:
        """The figure of this key; None means that the portfolio has no data for it."""

        def as_table() -> pa.Table:
            return pa.table({"value": pa.array([compute()], pa.float64())})

        value: float | None = self.table(key, fingerprint, as_table).column("value")[0].as_py()
        return value

    def forget(self, key: str) -> None:
        """What this run has computed serves this run alone: the portfolio has too little for a quarter's measure."""
        self.fresh.pop(key, None)

    def all(self) -> dict[str, Reference]:
        """Stored and fresh values together."""
        return {**self.stored, **self.fresh}
