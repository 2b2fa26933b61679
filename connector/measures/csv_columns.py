"""Columns of CSV files as measures: joined by a field of the account, read as a text field with that content would be.

Numbers as they are (amounts in the mapping's currency), ISO dates as days before ``as_of``, for `lookup` the text, for
`boolean` true or false. Keys are compared without regard to case and outer blanks. Missing where the account has no
key, where the file lacks it or has it twice, and where the cell is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import narwhals as nw
import polars as pl
import pyarrow as pa

from connector.mapping.csv_file import CsvTable
from connector.mapping.model import CsvSource
from connector.quality import MOST_EXAMPLES, Quality, Said
from connector.tables import Frame, looked_up


@dataclass(frozen=True, slots=True)
class Link:
    """One file, joined by one field of the account.

    Attributes:
        source: a source that asks for it.
        table: the file's rows.
        number: tells its columns from those of others.
    """

    source: CsvSource
    table: CsvTable
    number: int

    @property
    def key(self) -> str:
        """Column with the account's key, as compared; null if it has none."""
        return f"@csv:{self.number}:key"

    @property
    def found(self) -> str:
        """Column: true where the file has the account's key, else null."""
        return f"@csv:{self.number}:found"

    def column(self, name: str) -> str:
        """Column with the texts of one of the file's."""
        return f"@csv:{self.number}:column:{name}"

    @property
    def field(self) -> str:
        """The account's field that holds the key."""
        return self.source.key_field or self.source.key


def joined(accounts: Frame, link: Link, key: nw.Expr) -> Frame:
    """Accounts with the columns of the file beside them.

    Args:
        accounts: as pulled.
        link: what to join.
        key: the account's key, as compared.
    """
    rows = link.table.rows.drop_columns(["shown"])
    names = [link.column(name.removeprefix("column:")) for name in rows.column_names[1:]]
    rows = rows.rename_columns([link.key, *names])
    rows = rows.append_column(link.found, pa.array([True] * rows.num_rows, pa.bool_()))
    return looked_up(accounts.with_columns(key.alias(link.key)), rows, on=[link.key])


def findings(accounts: Frame, link: Link) -> Iterator[Quality]:
    """Keys that match nothing, match twice, or are missing.

    Args:
        accounts: member, id, name and the link's ``key`` and ``found``.
        link: which file.
    """
    name, field = link.source.csv, link.field
    rows = pl.DataFrame(link.table.rows.select(["key", "shown"]))
    columns = {"id": "id", "name": "name", "member": "member", link.key: "key", link.found: "found"}
    narrow = accounts.select(*columns).rename(columns).collect().to_arrow()
    read = pl.DataFrame(narrow)
    members = read.filter(pl.col("member"))
    keyless = members.filter(pl.col("key").is_null())
    message = Said(f"customers have no key into {name}", f"Kunden haben keinen Schlüssel für {name}")
    yield Quality("accounts", field, message, len(keyless), None, _named(keyless))
    absent = members.filter(pl.col("key").is_not_null() & pl.col("found").is_null())
    message = Said(
        f"customers have a key that {name} lacks", f"Kunden haben einen Schlüssel, der in {name} fehlt"
    )
    yield Quality("accounts", field, message, len(absent), None, _named(absent))
    shared = read.filter(pl.col("found") & pl.col("key").is_duplicated())
    message = Said(
        f"accounts share their key into {name} with another: each of them gets the value",
        f"Kunden teilen ihren Schlüssel für {name} mit einem anderen: Jeder erhält den Wert",
    )
    yield Quality("accounts", field, message, len(shared), None, _named(shared))
    idle = rows.join(read.select("key").unique(), on="key", how="anti", maintain_order="left")
    message = Said(
        "keys match no account that was read, so their rows count for nobody",
        "Schlüssel gehören zu keinem gelesenen Account: Ihre Zeilen zählen für niemanden",
    )
    yield Quality(name, link.source.key, message, len(idle), None, _shown(idle))
    twice = link.table.twice
    message = Said(
        "keys stand in several rows: their values count as missing",
        "Schlüssel stehen in mehreren Zeilen: Ihre Werte gelten als unbekannt",
    )
    yield Quality(name, link.source.key, message, len(twice), None, twice[:MOST_EXAMPLES])
    message = Said("rows have no key: they are left out", "Zeilen haben keinen Schlüssel: Sie zählen nicht")
    yield Quality(name, link.source.key, message, link.table.keyless)


def _named(accounts: pl.DataFrame) -> tuple[str, ...]:
    first = accounts.sort("id").head(MOST_EXAMPLES)
    return tuple(f"{row['name'] or 'without a name'} ({row['id']})" for row in first.iter_rows(named=True))


def _shown(rows: pl.DataFrame) -> tuple[str, ...]:
    return tuple(rows.get_column("shown").head(MOST_EXAMPLES))
