"""Looks whether a connection can do what a sync needs, and says what to do where it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.hubspot import properties, query
from adapters.hubspot.errors import SERVICE_KEYS
from adapters.hubspot.fields import Fields
from adapters.hubspot.http import Portal
from adapters.hubspot.pull import FEW, Method, Puller
from adapters.hubspot.reading import PRIMARY_COMPANY
from adapters.hubspot.scopes import CURRENCIES, EXPORT, IMPORT, READ, WRITE, Alternatives, missing, named
from adapters.hubspot.settings import Settings
from connector.crm import Finding, Needs, Object
from connector.errors import CrmAuthError, CrmRequestError

_NEEDED: tuple[Object, ...] = ("accounts", "opportunities")
_OPTIONAL: Mapping[Object, str] = {
    "contact_roles": "buying roles",
    "cases": "tickets",
    "orders": "orders",
    "activities": "activities",
}
_LOW_QUOTA = 0.2


def findings(
    portal: Portal, fields: Fields, settings: Settings, puller: Puller, needs: Needs | None = None
) -> Iterator[Finding]:
    """Lines of a check, from the login on.

    Args:
        portal: the connection.
        fields: its properties.
        settings: tells the key's owner and scopes.
        puller: knows how records are read.
        needs: what a sync will ask for; None for everything that any sync might.

    Raises:
        CrmAuthError: HubSpot does not accept the token.
        CrmTemporaryError: HubSpot cannot be reached.
    """
    owner = settings.owner()
    details = settings.details
    kind = str(details.get("accountType", "")).lower().replace("_", " ")
    yield Finding(
        "ok",
        "login",
        f"{portal.translator.user}, portal {details['portalId']} ({kind}, auth = {portal.connection.auth!r})",
    )
    yield _version(portal)
    if owner.scopes is None:
        yield from _by_trial(fields)
    else:
        several = bool(details.get("additionalCurrencies"))
        yield from _scopes(owner.scopes, needs, several_currencies=several)
    counts = _counts(portal)
    if owner.scopes is not None:
        yield from _bulk(owner.scopes, puller.method, max(counts.values(), default=0))
    yield from _totals(counts)
    yield from _sight(portal, fields)
    if needs is not None:
        yield from properties.findings(portal, fields, puller, needs)
    yield _quota(settings)


def _version(portal: Portal) -> Finding:
    if portal.paths.dated:
        return Finding("ok", "API version", portal.paths.version)
    return Finding(
        "ok",
        "API version",
        f'{portal.paths.version} (HubSpot supports it until September 2027; api_version = "2026-03" works too)',
    )


def _scopes(held: frozenset[str], needs: Needs | None, *, several_currencies: bool) -> Iterator[Finding]:
    needed: list[tuple[Alternatives, str]] = [
        (alternatives, f"read {section}") for section in _NEEDED for alternatives in READ[section]
    ]
    needed += [(alternatives, "write the results") for alternatives in WRITE]
    for alternatives, purpose in needed:
        if missing([alternatives], held):
            fix = f"missing, to {purpose}: add it at {SERVICE_KEYS}"
            yield Finding("error", f"scope {named(alternatives)}", fix)
        else:
            yield Finding("ok", f"scope {named(alternatives)}", purpose)
    optional: dict[Alternatives, str] = {}
    for section, words in _OPTIONAL.items():
        if needs is not None and section not in needs.reads:
            continue
        for alternatives in READ[section]:
            optional[alternatives] = (
                f"{optional[alternatives]}, {words}" if alternatives in optional else words
            )
    if several_currencies:
        optional |= dict.fromkeys(CURRENCIES, "exchange rates; without them the mapping needs [rates]")
    for alternatives, words in optional.items():
        if missing([alternatives], held):
            fix = f"missing, for {words}: add it at {SERVICE_KEYS}, or leave out what reads them"
            yield Finding("warning", f"scope {named(alternatives)}", fix)
        else:
            yield Finding("ok", f"scope {named(alternatives)}", words)


def _by_trial(fields: Fields) -> Iterator[Finding]:
    """HubSpot does not tell an app's scopes: see what can be read."""
    for name, level in (
        ("companies", "error"),
        ("deals", "error"),
        ("contacts", "warning"),
        ("tickets", "warning"),
    ):
        try:
            fields.of(name)
        except (CrmAuthError, CrmRequestError) as error:
            yield Finding("error" if level == "error" else "warning", f"object {name}", str(error))
        else:
            yield Finding("ok", f"object {name}", "readable")


def _bulk(held: frozenset[str], method: Method, most: int) -> Iterator[Finding]:
    """Scopes that many records need."""
    if method == "rest":
        return
    needed = method == "bulk" or most > FEW
    for alternatives, what, instead in (
        (EXPORT, "read many records by export", f"lists are read, {most // query.PAGE + 1:,} calls or more"),
        (IMPORT, "write many changes by import", "they are written in batches of 100"),
    ):
        name = f"scope {named(alternatives[0])}"
        if not missing(alternatives, held):
            yield Finding("ok", name, what)
        elif needed:
            fix = f"missing, to {what}: {instead} instead. Add it at {SERVICE_KEYS}, or set load_method = 'rest'"
            yield Finding("warning", name, fix)
        else:
            yield Finding("ok", name, f"missing, and not needed up to {FEW:,} records")


def _counts(portal: Portal) -> dict[str, int]:
    """How many records the key sees; an object whose scope is missing is left out, that is named elsewhere."""
    found = {}
    for name in ("companies", "deals"):
        try:
            found[name] = query.total(portal, name)
        except (CrmAuthError, CrmRequestError):
            continue
    return found


def _totals(counts: Mapping[str, int]) -> Iterator[Finding]:
    """A key of a user who is limited to a team reads fewer records without any error: a person must compare."""
    for name, count in counts.items():
        if count:
            words = f"the key sees {count:,}; HubSpot's own list of all {name} must show as many"
            yield Finding("ok", f"number of {name}", words)
        else:
            words = f"the key sees none: is its user limited to a team, or is this the wrong portal? ({SERVICE_KEYS})"
            yield Finding("warning", f"number of {name}", words)


def _sight(portal: Portal, fields: Fields) -> Iterator[Finding]:
    """See whether companies that deals name are hidden from the key, as those of other teams are."""
    try:
        if PRIMARY_COMPANY not in fields.of("deals"):
            return
        deals = next(query.records(portal, "deals", (PRIMARY_COMPANY,)), [])
        named_ids = {str(deal["properties"].get(PRIMARY_COMPANY) or "") for deal in deals} - {""}
        seen = query.by_id(portal, "companies", sorted(named_ids), ("hs_object_id",)) if named_ids else {}
    except (CrmAuthError, CrmRequestError):
        return  # a missing scope, which is named above
    if hidden := named_ids - seen.keys():
        words = (
            f"the key does not see {len(hidden)} of the {len(named_ids)} companies that the first {len(deals)} deals "
            f"belong to: its user is limited to a team, or to what he owns. Every company must be seen: let the key "
            f"belong to a user whose view permission on companies is Everything ({SERVICE_KEYS})"
        )
        yield Finding("error", "visibility", words)
    elif named_ids:
        words = f"every company is seen that the first {len(deals)} deals belong to"
        yield Finding("ok", "visibility", words)


def _quota(settings: Settings) -> Finding:
    used, limit = settings.daily_calls()
    if used is None or not limit:
        return Finding("ok", "API quota", "HubSpot does not tell the daily allowance of this kind of token")
    left = max(0, limit - used)
    level = "ok" if left > limit * _LOW_QUOTA else "warning"
    return Finding(
        "ok" if level == "ok" else "warning", "API quota", f"{left:,} of {limit:,} calls of today are left"
    )
