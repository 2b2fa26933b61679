"""One account's explanation on a terminal, in the language of its mapping."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from connector.cli.console import out
from connector.cli.show import table
from connector.reports.words import Words, words


def show_explanation(one: dict[str, Any], labels: dict[str, str]) -> None:
    """One account: its zone, every criterion, white space, what is missing and what to do next."""
    t, account = words(one["language"]), one["account"]
    name = escape(account["name"] or account["id"])
    out.print(f"\n[bold]{name}[/]  [soft]{account['id']}  {escape(account['url'] or '')}[/]")
    if one["family"] is not None:
        _family(one["family"], account["id"], t)
    if not one["member"]:
        _outside(one, t)
        return
    _standing(one, labels, t)
    for name, dimension in one["dimensions"].items():
        _dimension(name, dimension, t)
    out.print()
    _drivers(one, t)
    _missing(one["to_fill"], account["owner"], t)
    if one["distance"]:
        out.print(escape(one["distance"]))
    _wallet(one["wallet"], one["currency"], t)
    for text in one["warnings"]:
        out.print(f"[warning]{t['note']}[/] {escape(text)}")
    if one["campaigns"]:
        out.print(f"{t['campaigns']}: {escape(one['campaigns'])}")
    out.print(f"\n{t['why']}: {escape(one['why'] or '')}\n{t['next']}: {escape(one['next_step'] or '')}")


def _outside(one: dict[str, Any], t: Words) -> None:
    if one["segment"] is None:
        out.print(t["outside"])
        _rules(one["rules"], t)
        return
    out.print(t.say("heir", zone=f"[{one['segment']}]{escape(one['label'])}[/]"))
    out.print(f"\n{t['why']}: {escape(one['why'] or '')}")


def _rules(rules: list[dict[str, Any]] | None, t: Words) -> None:
    if rules is None:
        out.print(f"[soft]{t['rules_unknown']}[/]")
        return
    out.print(t["rules_by"])
    for of in ("all", "any"):
        grouped = [each for each in rules if each["of"] == of]
        if grouped:
            out.print(f"  {t[f'rule_{of}']}:")
        for each in grouped:
            mark = f"[good]✓[/] {t['rule_met']}" if each["met"] else f"[bad]✗[/] {t['rule_failed']}"
            out.print(f"    {mark}: {escape(each['rule'])}")


def _standing(one: dict[str, Any], labels: dict[str, str], t: Words) -> None:
    held = f"[{one['segment']}]{escape(one['label'])}[/]"
    held += f", {t['confidence_' + one['confidence']]}" if one["confidence"] else ""
    held += t.say("since_day", day=one["segment_since"])
    if one["segment_before"] not in (None, one["segment"]):
        held += t.say("zone_before", zone=escape(labels.get(one["segment_before"], one["segment_before"])))
    out.print(held + (f", {t['top_revenue']}" if one["top_revenue"] else ""))
    for each in one["set_by_hand"]:
        _by_hand(each, one["computed"], labels, t)


def _dimension(name: str, dimension: dict[str, Any], t: Words) -> None:
    score = t["unknown"] if dimension["score"] is None else f"{dimension['score']:.0f}"
    low, high = dimension["low"], dimension["high"]
    bounds = "" if low == high else t.say("between", low=f"{low:.0f}", high=f"{high:.0f}")
    border, threshold = dimension["border"], t.brief(dimension["threshold"])
    slack = "" if border in (None, dimension["threshold"]) else t.say("border", border=t.brief(border))
    known = t.say("high_known", threshold=threshold, border=slack, share=f"{100 * dimension['coverage']:.0f}")
    title = t["fit" if name == "attractiveness" else name]
    out.print(f"\n[bold]{title} {score}[/]{bounds}  [soft]{known}[/]")
    numbers = (t.head("score"), t.head("weight"), t.head("adds"))
    grid = table(t.head("criterion"), t.head("value"), *numbers, t.head("measured_by"), right=numbers)
    for each in dimension["criteria"]:
        behind = escape(each["source"] + _behind(each["records"], t))
        grid.add_row(
            escape(each["label"]),
            escape(each["value"]) + (t["value_too_old"] if each["expired"] else ""),
            "–" if each["score"] is None else f"{each['score']:.0f}",
            f"{each['weight']:.0f} %",
            "–" if each["contribution"] is None else f"{each['contribution']:.0f}",
            "\n".join(f"[soft]{text}[/]" for text in (behind, *map(escape, each["notes"]))),
        )
    out.print(grid)


def _behind(records: dict[str, int] | None, t: Words) -> str:
    """The number of records behind a value: `` (3 cases, 40 orders)``."""
    if not records:
        return ""
    return f" ({', '.join(t.many(name, number) for name, number in records.items())})"


def _wallet(wallet: dict[str, Any], currency: str, t: Words) -> None:
    if wallet["headroom"] is None:
        out.print("\n" + t["space_no_wallet" if wallet["source"] is None else "space_no_own"])
        return
    text = t.say(
        "space", headroom=t.number(wallet["headroom"]), currency=currency, wallet=t.number(wallet["wallet"])
    )
    text += "" if wallet["share"] is None else t.say("space_share", share=f"{100 * wallet['share']:.0f}")
    by = t.say("space_by", basis=escape(wallet["basis"])) + (t["space_old"] if wallet["expired"] else "")
    out.print(f"\n{text} [soft]({by})[/]")


def _drivers(one: dict[str, Any], t: Words) -> None:
    """The criteria that lift and burden most, by the points that each takes the dimension from its target."""
    criteria = {each["id"]: each for part in one["dimensions"].values() for each in part["criteria"]}
    for title, key in (("lifts", "strongest_up"), ("burdens", "strongest_down")):
        named = [criteria[id_] for id_ in one[key]]
        if named:
            listed = ", ".join(
                t.say(
                    "pull",
                    criterion=each["label"],
                    score=f"{each['score']:.0f}",
                    target=t.brief(each["target"]),
                    pull=_signed(each["above_target"]),
                )
                for each in named
            )
            out.print(f"{t[title]}: {escape(listed)}")


def _signed(points: float) -> str:
    """A whole number with its sign, half away from zero."""
    return f"{'-' if points < 0 else '+'}{int(abs(points) + 0.5)}"


def _missing(lacking: list[dict[str, Any]], owner: str | None, t: Words) -> None:
    for each in lacking:
        asks = t["asks_or"].join(way["how"] for way in each["ways"])
        if owner and any(way["who"] == "person" for way in each["ways"]):
            asks += t.say("asks_owner", owner=owner)
        out.print(f"{t['missing']}: [bold]{escape(each['label'])}[/]: {escape(asks)}")


def _family(family: dict[str, Any], account: str, t: Words) -> None:
    top = escape(family["top_name"] or family["top"])
    if family["top"] != account:
        out.print(t.say("belongs", top=f"[bold]{top}[/] [soft]{family['top']}[/]"))
        return
    others = ", ".join(escape(name or id_) for id_, name in family["named"])
    more = family["accounts"] - 1 - len(family["named"])
    beyond = t.say("and_more", count=t.number(more)) if more else ""
    accounts = t.many("accounts", family["accounts"])
    out.print(t.say("family_rated", accounts=accounts, named=others) + beyond)


def _by_hand(each: dict[str, Any], computed: str | None, labels: dict[str, str], t: Words) -> None:
    who = t.say("hand_by", owner=each["owner"]) if each["owner"] else t[f"hand_{each['from']}"]
    text = t.say(
        "hand",
        subject=each["label"],
        value=each["shown"],
        who=who,
        day=each["until"],
        reason=each["reason"] or t["no_reason"],
    )
    if each["what"] == "segment":
        text += t.say("hand_computed", zone=labels.get(computed or "", computed))
    out.print(f"[bold]{escape(text)}[/]")
