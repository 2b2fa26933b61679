"""Part of the second pass: the sections of the file, by the CRM that it is written for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Final

from connector.mapping.model import Mapping, Where
from connector.mapping.sense_sources import Found, condition_findings, error, note, warning
from connector.mapping.uses import rungs

_REQUIRED: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "salesforce": {
        "contact_roles": ("objects",),
        "cases": ("account",),
        "orders": ("account", "date"),
        "activities": ("objects", "date"),
    },
    "hubspot": {"contact_roles": ("property",), "orders": ("date",)},
}
"""Keys that a section needs in one CRM."""
_USUAL: Final[dict[tuple[str, str], str]] = {
    ("contact_roles.objects", "salesforce"): '["OpportunityContactRole"]',
    ("cases.account", "salesforce"): '"AccountId"',
    ("orders.account", "salesforce"): '"AccountId"',
    ("orders.date", "salesforce"): '"EffectiveDate"',
    ("activities.objects", "salesforce"): '["Task", "Event"]',
    ("activities.date", "salesforce"): '"ActivityDate"',
    ("contact_roles.property", "hubspot"): '"hs_buying_role"',
    ("orders.date", "hubspot"): '"hs_createdate"',
}
"""What stands there where nobody has fields of his own for it."""
_MEANINGLESS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "salesforce": {"opportunities": ("pipelines",), "contact_roles": ("property",)},
    "hubspot": {
        "contact_roles": ("objects",),
        "cases": ("account",),
        "orders": ("account",),
        "activities": ("objects",),
    },
}
"""Keys that mean nothing in one CRM."""
_OBJECTS: Final = {
    "contact_roles": ("OpportunityContactRole", "AccountContactRole"),
    "activities": ("Task", "Event"),
}
"""Salesforce objects that a section may read together."""
_ALWAYS: Final[dict[tuple[str, str], str]] = {
    (
        "activities.objects",
        "hubspot",
    ): ": calls, e-mails, meetings, notes and completed tasks are read, always all",
}
"""What a CRM reads where a key has no meaning."""
HUBSPOT_ACCOUNTS: Final = ("primary_company", "any_company")


def section_findings(mapping: Mapping) -> Iterator[Found]:
    """What is wrong with the sections outside of the criteria."""
    yield from _keys(mapping)
    yield from _portfolio(mapping)
    yield from _opportunities(mapping)
    yield from _wallet(mapping)
    yield from _orderings(mapping)
    yield from _override(mapping)
    if mapping.rates.get(mapping.currency, 1) != 1:
        message = f"is the currency of this file, its rate is 1, not {mapping.rates[mapping.currency]:g}"
        yield error(f"rates.{mapping.currency}", message)


def _keys(mapping: Mapping) -> Iterator[Found]:
    where = "Salesforce" if mapping.crm == "salesforce" else "HubSpot"
    for path, given in _given(mapping, _REQUIRED):
        if not given:
            yield error(path, f"is required for {where}; mostly {_USUAL[path, mapping.crm]}")
    for path, given in _given(mapping, _MEANINGLESS):
        if given:
            yield error(path, f"means nothing in {where}; leave it out{_ALWAYS.get((path, mapping.crm), '')}")
    for section, known in _OBJECTS.items():
        part = getattr(mapping, section) if mapping.crm == "salesforce" else None
        for name in part.objects if part is not None else ():
            if name not in known:
                yield error(f"{section}.objects", f'"{name}" cannot be read here; known: {", ".join(known)}')


def _given(mapping: Mapping, keys: dict[str, dict[str, tuple[str, ...]]]) -> Iterator[tuple[str, object]]:
    """Path and value of those keys, as far as their sections are in the file."""
    for section, names in keys[mapping.crm].items():
        part = getattr(mapping, section)
        if part is not None:
            yield from ((f"{section}.{name}", getattr(part, name)) for name in names)


def _portfolio(mapping: Mapping) -> Iterator[Found]:
    yield from condition_findings(mapping)
    if mapping.portfolio.level == "ultimate_parent" and mapping.accounts.parent is None:
        yield error("portfolio.level", "needs the key parent in [accounts]")
    if not mapping.portfolio.all and not mapping.portfolio.any:
        yield note("portfolio", "has no rule, so every account counts as an existing customer")


def _opportunities(mapping: Mapping) -> Iterator[Found]:
    part = mapping.opportunities
    if mapping.crm == "hubspot" and part.account not in HUBSPOT_ACCOUNTS:
        yield error(
            "opportunities.account", f'must be "primary_company" or "any_company", not "{part.account}"'
        )
    if mapping.crm == "hubspot" and isinstance(part.probability, str):
        message = "comes from the stage in HubSpot; leave it out, or give a table by stage"
        yield error("opportunities.probability", message)


def _wallet(mapping: Mapping) -> Iterator[Found]:
    wallet = mapping.wallet
    if wallet is None:
        return
    kinds = [source.partition(":")[0] for source in wallet.sources]
    for kind, times in Counter(kinds).items():
        if times > 1:
            fix = "keep the field that people fill in" if kind == "field" else "leave the others out"
            yield error(
                "wallet.sources", f'names "{kind}" {times} times, and each source has one turn; {fix}'
            )
    for key in ("rated_at", "expires_days"):
        if getattr(wallet, key) is not None and "field" not in kinds:
            yield warning(f"wallet.{key}", 'has no effect: no source is a "field:NAME" that people fill in')
    if "model" in kinds and "field" not in kinds:
        message = 'model learns from the wallets that people enter, but no source is a "field:NAME": it never answers'
        yield warning("wallet.sources", message)
    if "peer_p80" in kinds and mapping.accounts.industry is None:
        yield note(
            "wallet.sources", "peer_p80 compares with all accounts, since [accounts] names no industry"
        )
    if wallet.rated_at is not None and wallet.expires_days is None:
        yield warning("wallet.rated_at", "has no effect without expires_days")


def _override(mapping: Mapping) -> Iterator[Found]:
    override = mapping.override
    if override is None:
        return
    if override.segment is None and override.file is None:
        yield error(
            "override", "names neither a field of the account (segment) nor a file, so nothing can be set"
        )
    for key in ("owner", "reason", "expires"):
        if getattr(override, key) is not None and override.segment is None:
            yield warning(f"override.{key}", "has no effect without segment, the field that sets the zone")
    path = None if override.file is None else mapping.beside(override.file)
    if path is not None and not path.is_file():
        yield error(
            "override.file", f"there is no {override.file}; the path is relative to the mapping's folder"
        )


def _orderings(mapping: Mapping) -> Iterator[Found]:
    """``above`` and ``below`` compare numbers or dates; a word has no order."""
    for path, where in _all_conditions(mapping):
        for place, condition in enumerate(where, 1):
            for key in ("above", "below"):
                value = getattr(condition, key)
                if isinstance(value, str) and not _ordered(value):
                    message = f'must be a number, or a date such as "2026-01-31", not "{value}"'
                    yield error(f"{path}[{place}].{key}", message)


def _all_conditions(mapping: Mapping) -> Iterator[tuple[str, Where]]:
    yield "portfolio.all", mapping.portfolio.all  # type: ignore[misc]  # measured ones have the same operators
    yield "portfolio.any", mapping.portfolio.any  # type: ignore[misc]
    for section in ("opportunities", "contact_roles", "cases", "orders", "activities", "write"):
        part = getattr(mapping, section)
        if part is not None:
            yield f"{section}.where", part.where
    for path, rung in rungs(mapping):
        yield f"{path}.source.where", getattr(rung.source, "where", ())


def _ordered(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        try:
            date.fromisoformat(text)
        except ValueError:
            return False
    return True
