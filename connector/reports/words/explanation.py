"""Why one account stands where it stands, on a terminal."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "distance": (
        "{points} short of {zone}: {criterion} {score} of {target}",
        "{points} bis {zone}: {criterion} {score} von {target}",
    ),
    "distance_on": ("{points} short of {zone} on {dimension}", "{points} {dimension} bis {zone}"),
    "warned_partial": (
        "some of its opportunities have no amount: the others were summed",
        "einige seiner Chancen haben keinen Betrag: die übrigen wurden summiert",
    ),
    "warned_raised": (
        "the wallet that people entered is below what it bought in 12 months, and counts as that much",
        "der eingetragene Gesamtbedarf liegt unter den Käufen der letzten 12 Monate und gilt als so hoch wie sie",
    ),
    "note": ("Note:", "Hinweis:"),
    "value_by_hand": ("set by hand", "von Hand gesetzt"),
    # where it stands
    "outside": ("Not in the portfolio.", "Nicht im Portfolio."),
    "heir": ("{zone}, the zone of its family", "{zone}, die Zone seiner Firmengruppe"),
    "since_day": (", since {day}", ", seit {day}"),
    "zone_before": (", before: {zone}", ", zuvor: {zone}"),
    "confidence_firm": ("firm", "gesichert"),
    "confidence_provisional": ("provisional", "vorläufig"),
    "belongs": (
        "Belongs to the family of {top}, which is rated as one.",
        "Gehört zur Firmengruppe von {top}, die als ein Kunde bewertet wird.",
    ),
    "family_rated": (
        "Rated with its family, {accounts}: {named}",
        "Bewertet mit seiner Firmengruppe, {accounts}: {named}",
    ),
    "and_more": (" and {count} more", " und {count} weitere"),
    # by dimension and criterion
    "between": (", between {low} and {high}", ", zwischen {low} und {high}"),
    "high_known": (
        "high from {threshold}{border}; {share} % of the weight known",
        "hoch ab {threshold}{border}; {share} % des Gewichts bekannt",
    ),
    "border": (" (this one changes sides at {border})", " (dieser wechselt bei {border})"),
    "value": ("Value", "Wert"),
    "score": ("Score", "Punkte"),
    "adds": ("Adds", "Beitrag"),
    "measured_by": ("Measured by", "Gemessen an"),
    "value_too_old": (" (too old)", " (veraltet)"),
    "lifts": ("Lifts most", "Hebt am meisten"),
    "burdens": (
        "Burdens most (what explains the zone first)",
        "Belastet am meisten (zuerst, was die Zone erklärt)",
    ),
    "pull": ("{criterion} {score}, target {target} ({pull})", "{criterion} {score}, Ziel {target} ({pull})"),
    # what is missing, and white space
    "asks_or": ("; or ", "; oder "),
    "asks_owner": (", account owner {owner}", ", Betreuer {owner}"),
    "space_no_wallet": (
        "White space unknown: nothing tells what this customer spends in all.",
        "Offener Lieferanteil unbekannt: nichts sagt, was dieser Kunde insgesamt ausgibt.",
    ),
    "space_no_own": (
        "White space unknown: what the customer buys from us is not known.",
        "Offener Lieferanteil unbekannt: was der Kunde bei uns kauft, ist nicht bekannt.",
    ),
    "space": (
        "White space {headroom} {currency} of {wallet} a year",
        "Offener Lieferanteil {headroom} {currency} von {wallet} im Jahr",
    ),
    "space_share": (", our share {share} %", ", unser Lieferanteil {share} %"),
    "space_by": ("by {basis}", "Grundlage: {basis}"),
    "space_old": (", too old", ", veraltet"),
    # set by hand
    "hand": (
        "{subject} {value} set manually {who} until {day}: {reason}",
        "{subject} {value} manuell gesetzt {who}, bis {day}: {reason}",
    ),
    "hand_by": ("by {owner}", "von {owner}"),
    "hand_crm": ("in the CRM", "im CRM"),
    "hand_file": ("in a file", "in einer Datei"),
    "hand_computed": (" (computed: {zone})", " (berechnet: {zone})"),
    # why it is not in the portfolio
    "rule_all": ("every one must hold", "jede muss gelten"),
    "rule_any": ("at least one must hold", "mindestens eine muss gelten"),
    "rule_met": ("holds", "gilt"),
    "rule_failed": ("does not hold", "gilt nicht"),
    "rule_in": ("{what} is one of {values}", "{what} ist eines von {values}"),
    "rule_not_in": ("{what} is none of {values}", "{what} ist keines von {values}"),
    "rule_equals": ("{what} is {values}", "{what} ist {values}"),
    "rule_above": ("{what} above {values}", "{what} über {values}"),
    "rule_below": ("{what} below {values}", "{what} unter {values}"),
    "rule_is_set": ("{what} is filled in", "{what} ist ausgefüllt"),
    "rule_is_empty": ("{what} is empty", "{what} ist leer"),
    "rules_by": ("By what was read last:", "Nach dem zuletzt Gelesenen:"),
    "rules_unknown": (
        "Which rule it fails cannot be told: the records that were read last are not at hand.",
        "Welche Regel nicht gilt, lässt sich nicht sagen: die zuletzt gelesenen Datensätze liegen nicht vor.",
    ),
}
