"""What a sync would change, on a terminal."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "plan_head": ("{connection} ({crm}) as of {day}", "{connection} ({crm}), Stand {day}"),
    "plan_first_run": (", the first run", ", der erste Lauf"),
    "in_portfolio": (
        "{accounts} in the portfolio, of {read} read",
        "{accounts} im Portfolio, von {read} gelesenen",
    ),
    "before": ("Before", "Zuvor"),
    "revenue_12": ("Revenue 12 months, {currency}", "Umsatz 12 Monate, {currency}"),
    "revenue_in": ("Revenue, {currency}", "Umsatz, {currency}"),
    "top_count_high": (
        "High on potential as the largest by revenue: {accounts}.",
        "Hoch im Potenzial als die größten nach Umsatz: {accounts}.",
    ),
    "movement_title": ("Movement", "Wanderung"),
    "movement_sum": (
        "Moving: {accounts} with {revenue} {currency} revenue of 12 months; on the diagonal those that stay.",
        "Es wandern: {accounts} mit {revenue} {currency} Umsatz in 12 Monaten; in der Diagonale die bleibenden.",
    ),
    "movers_more": (
        "and {count} more; {command} lists every pair of zones",
        "und {count} weitere; {command} nennt jedes Paar von Zonen",
    ),
    "mover_revenue": (", revenue {revenue} {currency}", ", Umsatz {revenue} {currency}"),
    "unrated_title": ("Not rated yet: {accounts}", "Noch nicht bewertet: {accounts}"),
    "unrated_by": ("; by what the CRM knows of them, they", "; nach dem, was das CRM von ihnen weiß,"),
    "certain_note": (
        "certain: whatever is still missing, the zone would be this one.",
        "sicher: was auch immer noch fehlt, es wäre diese Zone.",
    ),
    "largest_unrated": ("The largest", "Die größten"),
    "bounds": ("{low} to {high}", "{low} bis {high}"),
    "answered_by": ("Answered by", "Beantwortet durch"),
    "missing_in": ("Missing in", "Fehlt bei"),
    "makes_rated": ("Makes rated", "Macht bewertet"),
    "makes_firm": ("Makes firm", "Macht gesichert"),
    "ratings_wanted": (
        "Ratings worth asking for",
        "Bewertungen, nach denen zu fragen sich lohnt",
    ),
    "ratings_wanted_by": (
        ", by the revenue of the accounts that each would settle",
        ", nach dem Umsatz der Kunden, über die jede entscheiden würde",
    ),
    "more_kinds": (
        "and {count} more kinds: {command} lists them all",
        "und {count} weitere Arten: {command} listet alle auf",
    ),
    # what would be written
    "pilot": (
        "The pilot of [write] where holds for {pilot} of {customers}; no other account is written.",
        "Der Pilot von [write] where gilt für {pilot} von {customers}; kein anderer Account wird geschrieben.",
    ),
    "nothing_to_write": ("Nothing to write", "Nichts zu schreiben"),
    "holds_already": (": the CRM already holds these results.", ": Im CRM stehen diese Ergebnisse schon."),
    "to_write": ("{accounts} to write", "Zu schreiben: {accounts}"),
    "change_first": ("first values", "erste Werte"),
    "change_moved": ("another zone", "andere Zone"),
    "change_updated": ("changed values, same zone", "geänderte Werte, gleiche Zone"),
    "change_cleared": (
        "no customer any more: our fields are cleared",
        "kein Kunde mehr: Unsere Felder werden geleert",
    ),
    "fields_written": (
        "Fields: {named}. No other field is touched.",
        "Felder: {named}. Kein anderes Feld wird berührt.",
    ),
    "calls_about": ("A sync takes about {calls}.", "Ein Lauf braucht etwa {calls}."),
    "calls_share": (", {share} of the daily quota", ", {share} des Tageskontingents"),
    "calls_under": ("under {share}", "unter {share}"),
    "calls_used": (" ({used} of {limit} used)", " ({used} von {limit} verbraucht)"),
}
