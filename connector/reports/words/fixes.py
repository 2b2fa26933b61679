"""What the potential check says on a terminal beyond its page, and what it wants to be mended."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "check_head": ("{customers} of {read} accounts read", "{customers} von {read} gelesenen Accounts"),
    "revenue_last_12": (
        "Revenue of the last 12 months, {currency}",
        "Umsatz der letzten 12 Monate, {currency}",
    ),
    "number_of": ("Number", "Anzahl"),
    "split": ("{count} in {groups}", "{count} in {groups}"),
    "halves": (
        "{half} of {accounts} make half of the revenue, {most} make 80 %; Gini {gini}.",
        "{half} von {accounts} machen die Hälfte des Umsatzes, {most} machen 80 %; Gini {gini}.",
    ),
    "standing": ("not rated, would be: {zone}", "nicht bewertet, wäre: {zone}"),
    "rated_firm": (
        "{rated} of the revenue is rated, {firm} firm: no missing value can move it.",
        "{rated} des Umsatzes sind bewertet, {firm} gesichert: kein fehlender Wert kann sie bewegen.",
    ),
    "separation_won": ("Won", "Gewonnen"),
    "separation_lost": ("Lost", "Verloren"),
    "separation_chance": ("Chance", "Wahrscheinlichkeit"),
    "separation_interval": ("95 % interval", "95-%-Intervall"),
    "separation_verdict": ("Verdict", "Urteil"),
    "verdict_separates": ("separates", "trennt"),
    "verdict_reversed": ("reversed", "umgekehrt"),
    "verdict_cannot_tell": ("cannot tell", "nicht zu sagen"),
    "verdict_too_few": ("too few", "zu wenige"),
    "reads_won": (" (reads won opportunities itself)", " (liest selbst gewonnene Chancen)"),
    "chance_note": (
        "chance: that an account that last bought scores higher than one that last declined; 0.5 is a coin.",
        "Wahrscheinlichkeit, dass ein letzter Käufer mehr Punkte hat als ein letzter Ablehner; 0,5 ist ein Münzwurf.",
    ),
    "fields_more": (
        "and {count} more, on the page and with --json",
        "und {count} weitere, auf der Seite und mit --json",
    ),
    # what stands in the way
    "fix_nobody": (
        "No account is in the portfolio, of {read} read",
        "Kein Account ist im Portfolio, von {read} gelesenen",
    ),
    "fix_nobody_do": (
        "correct [portfolio] in the mapping: which accounts are customers?",
        "[portfolio] im Mapping berichtigen: welche Accounts sind Kunden?",
    ),
    "fix_rated": (
        "Only {share}% of the revenue is with accounts that can be rated",
        "Nur {share} % des Umsatzes liegen bei Kunden, die sich bewerten lassen",
    ),
    "fix_rated_do": (
        "fill the fields and ratings below, until {least}% is reached; the largest accounts come first",
        "die Felder und Bewertungen unten füllen, bis {least} % erreicht sind; die größten Kunden zuerst",
    ),
    "fix_no_amount": (
        "{share}% of the won and open opportunities have no amount",
        "{share} % der gewonnenen und offenen Chancen haben keinen Betrag",
    ),
    "fix_no_amount_do": (
        "have amounts entered: revenue, white space and the wallet rest on them",
        "Beträge eintragen lassen: Umsatz, offener Lieferanteil und Gesamtbedarf beruhen darauf",
    ),
    "fix_unlinked": (
        "{share}% of the opportunities hang on no account",
        "{share} % der Chancen hängen an keinem Kunden",
    ),
    "fix_unlinked_do": (
        "link them to their accounts; check the account field in [opportunities]",
        "sie ihren Kunden zuordnen; das Feld account in [opportunities] prüfen",
    ),
    # what is worth mending
    "fix_wanted": (
        "{criterion} is unknown for {accounts}",
        "{criterion} ist unbekannt bei {accounts}",
    ),
    "fix_wanted_do": (
        "have it kept in the CRM ({fill}): that alone makes {made}",
        "im CRM pflegen lassen ({fill}): das allein ergibt {made}",
    ),
    "fix_made_rated": ("{accounts} rated", "{accounts} mit Bewertung"),
    "fix_made_firm": ("{accounts} firm", "{accounts} gesichert"),
    "fix_made_and": (" and ", " und "),
    "fix_alike": (
        "{accounts} share a name with another: possible duplicates, in {groups}",
        "{accounts} tragen denselben Namen wie ein anderer: mögliche Dubletten, in {groups}",
    ),
    "fix_alike_do": (
        "merge the true duplicates in the CRM; their revenue and ratings are split as long as they stand apart",
        "echte Dubletten im CRM zusammenführen; Umsatz und Bewertungen sind verteilt, solange sie getrennt stehen",
    ),
    "fix_inactive": (
        "{accounts} with nothing bought in {months} months and nothing open",
        "{accounts}: in {months} Monaten nichts gekauft und nichts offen",
    ),
    "fix_inactive_do": (
        "are they customers? Narrow [portfolio], e.g. by {rule}",
        "sind das Kunden? [portfolio] enger fassen, z. B. mit {rule}",
    ),
    "fix_overdue": (
        "{overdue} of {open} open opportunities have a close date in the past",
        "{overdue} von {open} offenen Chancen haben ein Abschlussdatum in der Vergangenheit",
    ),
    "fix_overdue_do": (
        "have them closed or dated anew: after a month they no longer count as demand",
        "abschließen oder neu datieren lassen: nach einem Monat zählen sie nicht mehr als Bedarf",
    ),
    "fix_few_amounts": (
        "{count} won or open opportunities have no amount",
        "{count} gewonnene oder offene Chancen haben keinen Betrag",
    ),
    "fix_few_amounts_do": (
        "have amounts entered; the others of the account are summed without them",
        "Beträge eintragen lassen; die übrigen des Kunden werden ohne sie summiert",
    ),
    "fix_few_unlinked": (
        "{count} opportunities hang on no account",
        "{count} Chancen hängen an keinem Kunden",
    ),
    "fix_few_unlinked_do": (
        "link them to their accounts: they count for nobody",
        "sie ihren Kunden zuordnen: sie zählen für niemanden",
    ),
    "fix_same_value": (
        "{field} ({use}) holds the same value in {share}% of the filled records",
        "{field} ({use}) hat in {share} % der befüllten Datensätze denselben Wert",
    ),
    "fix_same_value_do": (
        "is it a default that nobody changes? Such a field tells no accounts apart",
        "ist es eine Vorgabe, die niemand ändert? Ein solches Feld unterscheidet keine Kunden",
    ),
    "fix_old": (
        "Half of the values of {field} ({use}) are older than {days}",
        "Die Hälfte der Werte von {field} ({use}) ist älter als {days}",
    ),
    "fix_old_do": (
        "ask for new ratings, largest accounts first",
        "um neue Bewertungen bitten, die größten Kunden zuerst",
    ),
    "fix_reversed": (
        "{criterion} is higher where accounts last declined than where they last bought",
        "{criterion} ist höher, wo Kunden zuletzt ablehnten, als wo sie zuletzt kauften",
    ),
    "fix_reversed_do": (
        "is its scale the wrong way round, or the field misunderstood? Look before you give it weight",
        "läuft die Skala verkehrt herum, oder ist das Feld missverstanden? Erst prüfen, dann Gewicht geben",
    ),
}
