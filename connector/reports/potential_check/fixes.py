"""What is to be mended, and what that is worth: findings that stand in the way, and those that only cost accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.mapping.model import Language
from connector.reports.potential_check.findings import Filled, Fix, Linkage, Population, Separation
from connector.reports.potential_check.population import INACTIVE_MONTHS
from connector.reports.ratings_wanted import Wanted
from connector.reports.words import Words, words

RATED_LEAST = 0.5
"""Share of the revenue that must be rated, so that a matrix says something of the business."""
AMOUNTS_MISSING_MOST = 0.3
"""Share of won and open opportunities that may lack an amount, so that revenue and white space mean something."""
UNLINKED_MOST = 0.2
"""Share of opportunities that may hang on no account."""
SPARSE = 0.2
COMMONEST_MOST = 0.9
OLD_DAYS = 365
INACTIVE_MOST = 0.3
OVERDUE_MOST = 0.1
WANTED = 3
NARROWER = '{ measure = "won_count", months = 24, above = 0 }'


def ranked(
    who: Population,
    links: Linkage,
    kept: Sequence[Filled],
    tells: Sequence[Separation],
    wanted: Sequence[Wanted],
    *,
    rated: float | None,
    language: Language,
) -> tuple[Fix, ...]:
    """What stands in the way first, then by the revenue that it concerns.

    Args:
        who: of the portfolio.
        links: opportunities.
        kept: fields.
        tells: which criteria separate.
        wanted: ratings worth asking for.
        rated: share of the revenue that is rated; None without accounts.
        language: of the sentences.
    """
    t = words(language)
    found = (
        *_blocking(who, links, rated, t),
        *_wanted(wanted, t),
        *_loose(who, links, t),
        *_neglected(kept, t),
        *_reversed(tells, t),
    )
    return tuple(sorted(found, key=lambda fix: (not fix.blocking, -(fix.worth or 0), fix.what)))


def _fix(t: Words, key: str, worth: int | None = None, *, blocking: bool = False, **given: object) -> Fix:
    return Fix(t.say(f"fix_{key}", **given), t.say(f"fix_{key}_do", **given), worth, blocking)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _blocking(who: Population, links: Linkage, rated: float | None, t: Words) -> Iterator[Fix]:
    if not who.portfolio:
        yield _fix(t, "nobody", blocking=True, read=t.number(who.read))
        return
    if rated is not None and rated < RATED_LEAST:
        worth, least = round(who.revenue * (1 - rated)), _percent(RATED_LEAST)
        yield _fix(t, "rated", worth, blocking=True, share=_percent(rated), least=least)
    if links.counted and links.without_amount > links.counted * AMOUNTS_MISSING_MOST:
        share = _percent(links.without_amount / links.counted)
        yield _fix(t, "no_amount", links.without_amount_revenue, blocking=True, share=share)
    if links.opportunities and links.without_account > links.opportunities * UNLINKED_MOST:
        share = _percent(links.without_account / links.opportunities)
        yield _fix(t, "unlinked", blocking=True, share=share)


def _wanted(wanted: Sequence[Wanted], t: Words) -> Iterator[Fix]:
    useful = [one for one in wanted if one.rated or one.firm]
    for one in useful[:WANTED]:
        made = [("rated", one.rated)] if one.rated else []
        made += [("firm", one.firm)] if one.firm else []
        told = (t.say(f"fix_made_{kind}", accounts=t.many("accounts", count)) for kind, count in made)
        yield _fix(
            t,
            "wanted",
            one.revenue,
            criterion=one.label,
            accounts=t.many("accounts", one.unknown),
            fill=one.fill,
            made=t["fix_made_and"].join(told),
        )


def _loose(who: Population, links: Linkage, t: Words) -> Iterator[Fix]:
    if who.alike_groups:
        accounts, groups = t.many("accounts", who.alike_accounts), t.many("groups", who.alike_groups)
        yield _fix(t, "alike", who.alike_revenue, accounts=accounts, groups=groups)
    if who.portfolio and who.inactive > who.portfolio * INACTIVE_MOST:
        accounts = t.many("accounts", who.inactive)
        yield _fix(
            t, "inactive", who.inactive_revenue, accounts=accounts, months=INACTIVE_MONTHS, rule=NARROWER
        )
    if links.open and links.overdue > links.open * OVERDUE_MOST:
        overdue, all_open = t.number(links.overdue), t.number(links.open)
        yield _fix(t, "overdue", links.overdue_revenue, overdue=overdue, open=all_open)
    if links.counted and 0 < links.without_amount <= links.counted * AMOUNTS_MISSING_MOST:
        yield _fix(t, "few_amounts", links.without_amount_revenue, count=t.number(links.without_amount))
    if links.opportunities and 0 < links.without_account <= links.opportunities * UNLINKED_MOST:
        yield _fix(t, "few_unlinked", count=t.number(links.without_account))


def _neglected(kept: Sequence[Filled], t: Words) -> Iterator[Fix]:
    for one in kept:
        served = not one.use.startswith(("portfolio", "override", "write"))
        if one.object != "accounts" or not one.records or not served:
            continue
        if one.most_common is not None and one.most_common > COMMONEST_MOST and one.filled >= SPARSE:
            yield _fix(t, "same_value", share=_percent(one.most_common), field=one.field, use=one.use)
        if one.age_days is not None and one.age_days > OLD_DAYS:
            yield _fix(t, "old", days=t.many("days", one.age_days), field=one.field, use=one.use)


def _reversed(tells: Sequence[Separation], t: Words) -> Iterator[Fix]:
    for one in tells:
        if one.verdict == "reversed" and not one.circular:
            yield _fix(t, "reversed", criterion=one.label)
