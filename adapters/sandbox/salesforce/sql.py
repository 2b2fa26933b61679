"""From a SOQL tree to one SQLite statement, under the rights of a user."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.sandbox.database import quoted
from adapters.sandbox.salesforce.access import Access
from adapters.sandbox.salesforce.errors import ApiError
from adapters.sandbox.salesforce.literals import Literals
from adapters.sandbox.salesforce.org import Org
from adapters.sandbox.salesforce.schema import SField, SObject
from adapters.sandbox.salesforce.soql import (
    Column,
    Comparison,
    Condition,
    Function,
    Logic,
    Path,
    Query,
    Term,
    Value,
    pointed,
)

_ROOT = "t0"


@dataclass(frozen=True, slots=True)
class Output:
    """One column of the result.

    Attributes:
        path: canonical names: ("RecordType", "DeveloperName"), or (alias,) of an aggregate.
        kind: describe's type of the values.
        expression: in SQL.
        target: object whose field it is.
        parts: stored parts of a compound field, as (key in the answer, expression).
        function: as written, of an aggregate.
    """

    path: tuple[str, ...]
    kind: str
    expression: str
    target: SObject
    parts: tuple[tuple[str, str], ...] = ()
    function: str | None = None


@dataclass(slots=True)
class Statement:
    """A query ready to run.

    Attributes:
        target: object of FROM.
        outputs: the selected columns, none for a bare COUNT().
        source: FROM with all joins, and WHERE.
        parameters: of `source`.
        group: GROUP BY, or "".
        order: ORDER BY, or "".
        tail: LIMIT and OFFSET, or "".
        count_only: the query is SELECT COUNT().
        aggregate: it counts or groups.
    """

    target: SObject
    outputs: list[Output]
    source: str
    parameters: list[object]
    group: str
    order: str
    tail: str
    count_only: bool
    aggregate: bool

    def select(self, expressions: list[str]) -> str:
        """The statement that selects these expressions."""
        return f"SELECT {', '.join(expressions)} {self.source} {self.group} {self.order} {self.tail}"


@dataclass(slots=True)
class Translator:
    """Translates one query.

    Attributes:
        org: where objects are looked up.
        access: whose rights hold.
        text: the query as asked, for error messages.
        everything: deleted and archived records too (queryAll).
        tooling: the Tooling API asks.
    """

    org: Org
    access: Access
    text: str
    everything: bool = False
    tooling: bool = False
    _literals: Literals = field(init=False)
    _joins: dict[tuple[str, ...], tuple[str, SObject]] = field(default_factory=dict)
    _join_sql: list[str] = field(default_factory=list)
    _prefix: str = _ROOT
    _alias: str | None = None

    def __post_init__(self) -> None:
        """Literals are read as of the sandbox's date."""
        self._literals = Literals(self.text, self.org.world.today)

    def translate(self, query: Query) -> Statement:
        """The statement.

        Raises:
            ApiError: unknown or hidden objects and fields, or a comparison that does not fit.
        """
        target = self.org.object(query.object, tooling=self.tooling)
        self.access.demand("PermissionsRead", target)
        self._alias = (query.alias or query.object).lower()
        self._joins[()] = (self._prefix, target)
        count_only = len(query.columns) == 1 and query.columns[0].what == Function("count", None)
        outputs = [] if count_only else self._outputs(query)
        if query.aggregate and not count_only:
            self._check_grouping(query)
        where, parameters = self._where(query.where, target)
        group = ", ".join(self._column(path)[0] for path in query.group)
        order = ", ".join(self._term(term) for term in query.order)
        joins = " ".join(self._join_sql)
        return Statement(
            target,
            outputs,
            f"FROM {quoted(target.table)} {self._prefix} {joins} WHERE {where}",
            parameters,
            f"GROUP BY {group}" if group else "",
            f"ORDER BY {order}" if order else ("" if query.aggregate else f"ORDER BY {self._prefix}.rowid"),
            _tail(query),
            count_only,
            query.aggregate,
        )

    # Fields

    def _find(self, path: Path) -> tuple[str, SObject, SField, tuple[str, ...]]:
        """Table alias, object, field and canonical path of a field, joining parents on the way."""
        parts = path.parts
        if len(parts) > 1 and parts[0].lower() == self._alias:
            parts = parts[1:]
        canonical: tuple[str, ...] = ()
        alias, target = self._joins[()]
        for relationship in parts[:-1]:
            link = target.parent(relationship)
            if link is None or not self.access.readable(target, link):
                raise ApiError(
                    "INVALID_FIELD",
                    pointed(
                        self.text,
                        path.place,
                        f"Didn't understand relationship '{relationship}' in field path. If you are attempting to "
                        "use a custom relationship, be sure to append the '__r' after the custom relationship name. "
                        "Please reference your WSDL or the describe call for the appropriate names.",
                    ),
                )
            canonical = (*canonical, link.relationship or relationship)
            alias, target = self._join(canonical, alias, link)
        each = target.find(parts[-1])
        if each is None or not self.access.readable(target, each):
            raise ApiError(
                "INVALID_FIELD",
                pointed(
                    self.text,
                    path.place,
                    f"No such column '{parts[-1]}' on entity '{target.name}'. If you are attempting to use a custom "
                    "field, be sure to append the '__c' after the custom field name. Please reference your WSDL or "
                    "the describe call for the appropriate names.",
                ),
            )
        return alias, target, each, (*canonical, each.name)

    def _join(self, path: tuple[str, ...], alias: str, link: SField) -> tuple[str, SObject]:
        if path not in self._joins:
            parent = self.org.object(link.reference_to[-1], tooling=self.tooling)
            self.access.demand("PermissionsRead", parent)
            name = f"{self._prefix}_{len(self._joins)}"
            self._joins[path] = (name, parent)
            self._join_sql.append(
                f"LEFT JOIN {quoted(parent.table)} {name} ON {name}.Id = {alias}.{quoted(link.name)}"
            )
        return self._joins[path]

    def _column(self, path: Path) -> tuple[str, SField]:
        alias, _, each, _ = self._find(path)
        return f"{alias}.{quoted(each.name)}", each

    def _outputs(self, query: Query) -> list[Output]:
        """The selected columns; aggregates without alias are called expr0, expr1 ..."""
        outputs: list[Output] = []
        unnamed = 0
        for column in query.columns:
            outputs.append(self._output(column, unnamed))
            unnamed += isinstance(column.what, Function) and column.alias is None
        return outputs

    def _output(self, column: Column, number: int) -> Output:
        if isinstance(column.what, Path):
            alias, target, each, canonical = self._find(column.what)
            if each.type == "address":
                parts = tuple(
                    (
                        part.name.removeprefix(each.name.removesuffix("Address")),
                        f"{alias}.{quoted(part.name)}",
                    )
                    for part in target.fields.values()
                    if part.compound == each.name
                )
                return Output(canonical, each.type, "NULL", target, parts)
            return Output(canonical, each.type, f"{alias}.{quoted(each.name)}", target)
        kind, expression = self._aggregate(column.what)
        function = column.what
        shown = f"{function.name}({function.path.text if function.path else ''})"
        return Output(
            (column.alias or f"expr{number}",), kind, expression, self._joins[()][1], function=shown
        )

    def _aggregate(self, function: Function) -> tuple[str, str]:
        if function.path is None:
            raise ApiError("MALFORMED_QUERY", f"unexpected token: '{function.name}'")
        expression, each = self._column(function.path)
        if function.name == "count":
            return "int", f"count({expression})"
        if function.name == "count_distinct":
            return "int", f"count(DISTINCT {expression})"
        if function.name in ("sum", "avg") and not each.numeric:
            raise ApiError(
                "INVALID_FIELD",
                pointed(
                    self.text,
                    function.path.place,
                    f"field {each.name} does not support aggregate operator {function.name.upper()}",
                ),
            )
        return each.type, f"{function.name}({expression})"

    def _check_grouping(self, query: Query) -> None:
        grouped = {self._find(path)[3] for path in query.group}
        for column in query.columns:
            if isinstance(column.what, Path) and self._find(column.what)[3] not in grouped:
                raise ApiError(
                    "MALFORMED_QUERY",
                    pointed(
                        self.text,
                        column.what.place,
                        f"Field must be grouped or aggregated: {column.what.parts[-1]}",
                    ),
                )

    def _term(self, term: Term) -> str:
        if isinstance(term.what, Function):
            expression = "count(*)" if term.what.path is None else self._aggregate(term.what)[1]
        else:
            expression = self._column(term.what)[0]
        direction = "DESC" if term.descending else "ASC"
        return f"{expression} {direction}" + (f" NULLS {term.nulls.upper()}" if term.nulls else "")

    # Conditions

    def _where(self, condition: Condition | None, target: SObject) -> tuple[str, list[object]]:
        tests: list[str] = []
        parameters: list[object] = []
        if condition is not None:
            test, parameters = self._condition(condition)
            tests.append(test)
        if not self.everything:
            tests += [
                f"{self._prefix}.{name} = 0" for name in ("IsDeleted", "IsArchived") if name in target.fields
            ]
        if self.access.half:
            tests += self._sharing(target)
        return " AND ".join(tests) or "1", parameters

    def _sharing(self, target: SObject) -> list[str]:
        if target.name == "Account":
            return [f"{self._prefix}.rowid % 2 = 0"]
        if "OpportunityId" in target.fields:
            accounts = 'SELECT Id FROM "sf_Account" WHERE rowid % 2 = 0'
            inner = f'SELECT Id FROM "sf_Opportunity" WHERE AccountId IN ({accounts})'
            return [f"{self._prefix}.OpportunityId IN ({inner})"]
        if target.account is None:
            return []
        column = f"{self._prefix}.{quoted(target.account)}"
        return [f'({column} IS NULL OR {column} IN (SELECT Id FROM "sf_Account" WHERE rowid % 2 = 0))']

    def _condition(self, condition: Condition) -> tuple[str, list[object]]:
        if isinstance(condition, Logic):
            tests, parameters = [], []
            for part in condition.parts:
                test, own = self._condition(part)
                tests.append(test)
                parameters += own
            if condition.operator == "not":
                return f"NOT ({tests[0]})", parameters
            return f"({f' {condition.operator.upper()} '.join(tests)})", parameters
        return self._comparison(condition)

    def _comparison(self, test: Comparison) -> tuple[str, list[object]]:
        """Every test is true or false, never unknown: a null is unequal to every value in SOQL."""
        column, each = self._column(test.path)
        if not each.filterable:
            raise ApiError(
                "INVALID_FIELD",
                pointed(
                    self.text, test.path.place, f"field '{each.name}' can not be filtered in a query call"
                ),
            )
        if test.query is not None:
            return self._semi_join(column, test)
        if test.operator in ("in", "not in"):
            return self._membership(column, each, test)
        if test.operator in ("includes", "excludes"):
            return self._multi_select(column, test)
        literal = test.values[0]
        if test.operator == "like":
            self._literals.fit(each, literal, test.path)
            return f"({column} IS NOT NULL AND {column} LIKE ? ESCAPE '\\')", [literal.value]
        if each.type in ("date", "datetime") and literal.kind != "null":
            return self._dated(column, each, test, literal)
        value = self._literals.fit(each, literal, test.path)
        if test.operator in ("=", "!="):
            return f"{column} {'IS' if test.operator == '=' else 'IS NOT'} ?", [value]
        return f"({column} IS NOT NULL AND {column} {test.operator} ?)", [value]

    def _semi_join(self, column: str, test: Comparison) -> tuple[str, list[object]]:
        assert test.query is not None
        inner = Translator(self.org, self.access, self.text, tooling=self.tooling)
        inner._prefix = f"{self._prefix}i{test.path.place}"
        statement = inner.translate(test.query)
        sql = statement.select([output.expression for output in statement.outputs])
        negation = "NOT " if test.operator == "not in" else ""
        return f"ifnull({column} {negation}IN ({sql}), 0)", statement.parameters

    def _membership(self, column: str, each: SField, test: Comparison) -> tuple[str, list[object]]:
        values = [self._literals.fit(each, literal, test.path) for literal in test.values]
        known = [value for value in values if value is not None]
        found = f"({column} IS NOT NULL AND {column} IN ({', '.join('?' * len(known))}))"
        if len(known) < len(values):
            found = f"({found} OR {column} IS NULL)"
        return (found if test.operator == "in" else f"NOT {found}"), list(known)

    def _multi_select(self, column: str, test: Comparison) -> tuple[str, list[object]]:
        """INCLUDES ('A;B', 'C'): the record has A and B, or C."""
        groups: list[str] = []
        parameters: list[object] = []
        for literal in test.values:
            wanted = [part.strip() for part in str(literal.value).split(";")]
            groups.append(" AND ".join(f"instr(';' || {column} || ';', ?) > 0" for _ in wanted))
            parameters += [f";{part};" for part in wanted]
        either = " OR ".join(f"({group})" for group in groups)
        found = f"ifnull({either}, 0)"
        return (found if test.operator == "includes" else f"NOT ({found})"), parameters

    def _dated(self, column: str, each: SField, test: Comparison, literal: Value) -> tuple[str, list[object]]:
        start, end = self._literals.range(each, literal, test.path)
        if test.operator in ("=", "!="):
            negation = "" if test.operator == "=" else "NOT "
            return f"{negation}({column} IS NOT NULL AND {column} >= ? AND {column} < ?)", [start, end]
        edge = {"<": start, ">=": start, "<=": end, ">": end}[test.operator]
        operator = "<" if test.operator in ("<", "<=") else ">="
        return f"({column} IS NOT NULL AND {column} {operator} ?)", [edge]


def _tail(query: Query) -> str:
    if query.limit is None and query.offset is None:
        return ""
    return f"LIMIT {-1 if query.limit is None else query.limit} OFFSET {query.offset or 0}"
