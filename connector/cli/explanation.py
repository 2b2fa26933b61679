"""One account's explanation on a terminal."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from connector.cli.console import counted, out
from connector.cli.show import table

RECORDS = {
    "opportunities": ("opportunity", "opportunities"),
    "contact_roles": ("role", "roles"),
    "cases": ("case", "cases"),
    "orders": ("order", "orders"),
    "activities": ("activity", "activities"),
}


def show_explanation(one: dict[str, Any], labels: dict[str, str]) -> None:
    """One account: its zone, every criterion, white space, what is missing and what to do next."""
    account = one["account"]
    name = escape(account["name"] or account["id"])
    out.print(f"\n[bold]{name}[/]  [soft]{account['id']}  {escape(account['url'] or '')}[/]")
    if one["family"] is not None:
        _family(one["family"], account["id"])
    if not one["member"]:
        _outside(one)
        return
    _standing(one, labels)
    for name, dimension in one["dimensions"].items():
        _dimension(name, dimension)
    out.print()
    _drivers(one)
    _missing(one["to_fill"], account["owner"])
    if one["distance"]:
        out.print(escape(one["distance"]))
    _wallet(one["wallet"], one["currency"])
    for words in one["warnings"]:
        out.print(f"[warning]Note:[/] {words}")
    if one["campaigns"]:
        out.print(f"Campaigns: {escape(one['campaigns'])}")
    out.print(f"\nWhy:  {escape(one['why'] or '')}\nNext: {escape(one['next_step'] or '')}")


def _outside(one: dict[str, Any]) -> None:
    if one["segment"] is None:
        out.print("Not in the portfolio.")
        return
    out.print(f"[{one['segment']}]{escape(one['label'])}[/], the zone of its family")
    out.print(f"\nWhy:  {escape(one['why'] or '')}")


def _standing(one: dict[str, Any], labels: dict[str, str]) -> None:
    held = f"[{one['segment']}]{escape(one['label'])}[/]"
    held += f", {one['confidence']}" if one["confidence"] else ""
    held += f", since {one['segment_since']}"
    if one["segment_before"] not in (None, one["segment"]):
        held += f", before: {escape(labels.get(one['segment_before'], one['segment_before']))}"
    out.print(held + (", top revenue" if one["top_revenue"] else ""))
    for each in one["set_by_hand"]:
        _by_hand(each, one["computed"], labels)


def _dimension(name: str, dimension: dict[str, Any]) -> None:
    score = "unknown" if dimension["score"] is None else f"{dimension['score']:.0f}"
    bounds = (
        ""
        if dimension["low"] == dimension["high"]
        else f", between {dimension['low']:.0f} and {dimension['high']:.0f}"
    )
    out.print(
        f"\n[bold]{name.capitalize()} {score}[/]{bounds}  "
        f"[soft]high from {dimension['threshold']:.0f}; {100 * dimension['coverage']:.0f} % of the weight known[/]",
    )
    numbers = ("score", "weight", "adds")
    grid = table("criterion", "value", *numbers, "measured by", right=numbers)
    for each in dimension["criteria"]:
        grid.add_row(
            escape(each["label"]),
            escape(each["value"]) + (" (too old)" if each["expired"] else ""),
            "–" if each["score"] is None else f"{each['score']:.0f}",
            f"{each['weight']:.0f} %",
            "–" if each["contribution"] is None else f"{each['contribution']:.0f}",
            f"[soft]{escape(each['source'] + _behind(each['records']))}[/]",
        )
    out.print(grid)


def _behind(records: dict[str, int] | None) -> str:
    """The number of records behind a value: `` (3 cases, 40 orders)``."""
    if not records:
        return ""
    listed = ", ".join(counted(number, *RECORDS[name]) for name, number in records.items())
    return f" ({listed})"


def _wallet(wallet: dict[str, Any], currency: str) -> None:
    if wallet["headroom"] is None:
        if wallet["source"] is None:
            out.print("\nWhite space unknown: nothing tells what this customer spends in all.")
        else:
            out.print("\nWhite space unknown: what the customer buys from us is not known.")
        return
    share = "" if wallet["share"] is None else f", our share {100 * wallet['share']:.0f} %"
    old = ", too old" if wallet["expired"] else ""
    text = f"White space {wallet['headroom']:,.0f} {currency} of {wallet['wallet']:,.0f} a year{share}"
    out.print(f"\n{text} [soft](by {escape(wallet['basis'])}{old})[/]")


def _drivers(one: dict[str, Any]) -> None:
    """The criteria that lift and burden most, by the points that each takes the dimension from its target."""
    criteria = {each["id"]: each for part in one["dimensions"].values() for each in part["criteria"]}
    for title, key in (("Lifts most", "strongest_up"), ("Burdens most", "strongest_down")):
        named = [criteria[id_] for id_ in one[key]]
        if named:
            listed = ", ".join(
                f"{each['label']} {each['score']:.0f} of {each['target']:g} ({each['above_target']:+.0f})"
                for each in named
            )
            out.print(f"{title}: {escape(listed)}")


def _missing(lacking: list[dict[str, Any]], owner: str | None) -> None:
    for each in lacking:
        asks = "; or ".join(way["how"] for way in each["ways"])
        whom = (
            f", account owner {owner}"
            if owner and any(way["who"] == "person" for way in each["ways"])
            else ""
        )
        out.print(f"Missing: [bold]{escape(each['label'])}[/]: {escape(asks + whom)}")


def _family(family: dict[str, Any], account: str) -> None:
    top = escape(family["top_name"] or family["top"])
    if family["top"] != account:
        out.print(f"Belongs to the family of [bold]{top}[/] [soft]{family['top']}[/], which is rated as one.")
        return
    others = ", ".join(escape(name or id_) for id_, name in family["named"])
    more = family["accounts"] - 1 - len(family["named"])
    beyond = f" and {more:,} more" if more else ""
    size = counted(family["accounts"], "account")
    out.print(f"Rated with its family, {size}: {others}{beyond}")


def _by_hand(each: dict[str, Any], computed: str | None, labels: dict[str, str]) -> None:
    who = each["owner"] or {"crm": "in the CRM", "file": "in a file"}[each["from"]]
    who = f"by {who}" if each["owner"] else who
    text = f"{each['label']} {each['shown']} set manually {who} until {each['until']}: "
    text += each["reason"] or "no reason given"
    if each["what"] == "segment":
        text += f" (computed: {labels.get(computed or '', computed)})"
    out.print(f"[bold]{escape(text)}[/]")
