"""SOQL: the grammar, and the tree that a query becomes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from adapters.sandbox.salesforce.errors import ApiError

_GRAMMAR = r"""
query: "SELECT"i selection "FROM"i NAME [NAME] [where] [group] [order] [limit] [offset] [all_rows]
selection: column ("," column)*
column: function [NAME] -> aliased
      | path [NAME]     -> aliased
function: NAME "(" [path] ")"
path: NAME ("." NAME)*

where: "WHERE"i condition
?condition: negation
          | negation ("AND"i negation)+        -> both
          | negation ("OR"i negation)+         -> either
?negation: "NOT"i negation                     -> negated
         | "(" condition ")"
         | comparison
comparison: path OPERATOR value                -> compared
          | path "LIKE"i value                 -> like
          | path "IN"i items                   -> inside
          | path "NOT"i "IN"i items            -> outside
          | path "INCLUDES"i items              -> includes
          | path "EXCLUDES"i items              -> excludes
items: "(" value ("," value)* ")"
    | "(" query ")"                            -> semi_join
value: STRING | DATETIME | DATE | NUMBER | NAME [":" NUMBER] -> value

group: "GROUP"i "BY"i path ("," path)*
order: "ORDER"i "BY"i term ("," term)*
term: (path | function) [DIRECTION] ["NULLS"i NULLS]
limit: "LIMIT"i NUMBER
offset: "OFFSET"i NUMBER
all_rows: "ALL"i "ROWS"i

DIRECTION.3: /(asc|desc)\b/i
NULLS.3: /(first|last)\b/i
OPERATOR: "<=" | ">=" | "!=" | "<>" | "=" | "<" | ">"
DATETIME.4: /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})/i
DATE.3: /\d{4}-\d{2}-\d{2}/
NUMBER: /[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?/
STRING: /'(\\.|[^'\\])*'/s
NAME: /[A-Za-z_][A-Za-z0-9_]*/
%ignore /\s+/
"""
_LONGEST = 100_000  # characters
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_AGGREGATES = {"count", "count_distinct", "sum", "avg", "min", "max"}


@dataclass(frozen=True, slots=True)
class Path:
    """A field, possibly of a parent record: ("RecordType", "DeveloperName"). `place` is its offset in the text."""

    parts: tuple[str, ...]
    place: int = 0

    @property
    def text(self) -> str:
        """As written."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Function:
    """An aggregate: COUNT(), SUM(Amount)."""

    name: str
    path: Path | None


@dataclass(frozen=True, slots=True)
class Column:
    """One selected thing, with its alias."""

    what: Path | Function
    alias: str | None


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a condition.

    Attributes:
        kind: string, number, date, datetime, boolean, null or a relative date ("literal").
        value: the Python value; for a relative date its name in upper case.
        n: the number behind the colon of LAST_N_DAYS:30.
    """

    kind: Literal["string", "number", "date", "datetime", "boolean", "null", "literal"]
    value: Any
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A test on one field; `operator` is =, !=, <, <=, >, >=, like, in, not in, includes or excludes."""

    path: Path
    operator: str
    values: tuple[Value, ...] = ()
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class Logic:
    """Conditions joined by "and", "or" or "not"."""

    operator: Literal["and", "or", "not"]
    parts: tuple[Condition, ...]


Condition = Comparison | Logic


@dataclass(frozen=True, slots=True)
class Term:
    """One part of ORDER BY."""

    what: Path | Function
    descending: bool
    nulls: str | None


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query."""

    columns: tuple[Column, ...]
    object: str
    alias: str | None
    where: Condition | None
    group: tuple[Path, ...]
    order: tuple[Term, ...]
    limit: int | None
    offset: int | None

    @property
    def aggregate(self) -> bool:
        """Whether it counts or groups instead of listing records."""
        return bool(self.group) or any(isinstance(column.what, Function) for column in self.columns)


class _Build(Transformer[Token, Any]):
    """From lark's tree to ours."""

    def path(self, parts: list[Token]) -> Path:
        return Path(tuple(str(part) for part in parts), _place(parts[0]))

    def function(self, parts: list[Any]) -> Function:
        name = str(parts[0])
        if name.lower() not in _AGGREGATES:
            raise ApiError("MALFORMED_QUERY", f"unexpected token: {name}")
        return Function(name.lower(), parts[1])

    def aliased(self, parts: list[Any]) -> Column:
        return Column(parts[0], None if parts[1] is None else str(parts[1]))

    def selection(self, parts: list[Column]) -> tuple[Column, ...]:
        return tuple(parts)

    def value(self, parts: list[Any]) -> Value:
        token = parts[0]
        text = str(token)
        if token.type == "STRING":
            return Value("string", re.sub(r"\\(.)", _unescaped, text[1:-1], flags=re.DOTALL))
        if token.type == "NUMBER":
            return Value("number", float(text))
        if token.type in ("DATE", "DATETIME"):
            return Value("date" if token.type == "DATE" else "datetime", text)
        lower = text.lower()
        if lower == "null":
            return Value("null", None)
        if lower in ("true", "false"):
            return Value("boolean", lower == "true")
        number = parts[1] if len(parts) > 1 else None
        return Value("literal", text.upper(), None if number is None else int(float(number)))

    def items(self, parts: list[Value]) -> tuple[Value, ...]:
        return tuple(parts)

    def semi_join(self, parts: list[Query]) -> Query:
        return parts[0]

    def compared(self, parts: list[Any]) -> Comparison:
        operator = "!=" if str(parts[1]) == "<>" else str(parts[1])
        return Comparison(parts[0], operator, (parts[2],))

    def like(self, parts: list[Any]) -> Comparison:
        return Comparison(parts[0], "like", (parts[1],))

    def _listed(self, operator: str, parts: list[Any]) -> Comparison:
        if isinstance(parts[1], Query):
            return Comparison(parts[0], operator, query=parts[1])
        return Comparison(parts[0], operator, parts[1])

    def inside(self, parts: list[Any]) -> Comparison:
        return self._listed("in", parts)

    def outside(self, parts: list[Any]) -> Comparison:
        return self._listed("not in", parts)

    def includes(self, parts: list[Any]) -> Comparison:
        return self._listed("includes", parts)

    def excludes(self, parts: list[Any]) -> Comparison:
        return self._listed("excludes", parts)

    def either(self, parts: list[Condition]) -> Condition:
        return Logic("or", tuple(parts))

    def both(self, parts: list[Condition]) -> Condition:
        return Logic("and", tuple(parts))

    def negated(self, parts: list[Condition]) -> Condition:
        return Logic("not", tuple(parts))

    def where(self, parts: list[Condition]) -> Condition:
        return parts[0]

    def group(self, parts: list[Path]) -> tuple[Path, ...]:
        return tuple(parts)

    def term(self, parts: list[Any]) -> Term:
        direction, nulls = parts[1], parts[2]
        return Term(
            parts[0], str(direction or "").lower() == "desc", None if nulls is None else str(nulls).lower()
        )

    def order(self, parts: list[Term]) -> tuple[Term, ...]:
        return tuple(parts)

    def limit(self, parts: list[Token]) -> int:
        return int(parts[0])

    def offset(self, parts: list[Token]) -> int:
        return int(parts[0])

    def all_rows(self, _parts: list[Token]) -> bool:
        return True

    def query(self, parts: list[Any]) -> Query:
        columns, name, alias, where, group, order, limit, offset, _all_rows = parts
        return Query(
            columns,
            str(name),
            None if alias is None else str(alias),
            where,
            group or (),
            order or (),
            limit,
            offset,
        )


def _place(token: Token) -> int:
    return token.start_pos or 0


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1].lower(), match[1])


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, start="query", parser="lalr", maybe_placeholders=True)


def parse(text: str) -> Query:
    """The tree of a query.

    Raises:
        ApiError: MALFORMED_QUERY, with the place as Salesforce shows it.
    """
    if len(text) > _LONGEST:
        raise ApiError(
            "QUERY_TOO_COMPLICATED", f"SOQL statements cannot be longer than {_LONGEST:,} characters."
        )
    try:
        tree = _parser().parse(text)
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise ApiError("MALFORMED_QUERY", "unexpected token: '<EOF>'") from error
        raise ApiError(
            "MALFORMED_QUERY", pointed(text, _place(error.token), f"unexpected token: '{error.token}'")
        ) from error
    except UnexpectedCharacters as error:
        place = error.pos_in_stream or 0
        found = text[place : place + 1]
        raise ApiError("MALFORMED_QUERY", pointed(text, place, f"unexpected character: '{found}'")) from error
    except UnexpectedInput as error:
        raise ApiError("MALFORMED_QUERY", "unexpected token") from error
    return _built(tree)


def _built(tree: Any) -> Query:  # noqa: ANN401 (lark's tree)
    from lark.exceptions import VisitError  # noqa: PLC0415 (not exported at the top)

    try:
        query: Query = _Build().transform(tree)
    except VisitError as error:
        if isinstance(error.orig_exc, ApiError):
            raise error.orig_exc from error
        raise
    return query


def pointed(text: str, place: int, complaint: str) -> str:
    """A complaint with the piece of the query and an arrow below, as Salesforce writes it."""
    start = max(0, place - 40)
    piece = text[start : place + 20].replace("\n", " ")
    return f"\n{piece}\n{' ' * (place - start)}^\nERROR at Row:1:Column:{place + 1}\n{complaint}"
