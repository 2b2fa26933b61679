"""The potential check."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "potential_check": ("Potential check", "Potenzialprüfung"),
    "customers_of": ("customers of", "Kunden von"),
    "accounts_read": ("accounts read", "gelesenen Accounts"),
    "go": ("Go: the data carries a matrix", "Grünes Licht: die Daten tragen eine Matrix"),
    "no_go": ("No-go yet: mend the red lines first", "Noch nicht: zuerst die roten Zeilen beheben"),
    "mend": ("What to mend, worth most first", "Was zu beheben ist, das Wertvollste zuerst"),
    "finding": ("Finding", "Befund"),
    "to_do": ("What to do", "Was zu tun ist"),
    "concerned": ("Revenue concerned", "Betroffener Umsatz"),
    "nothing": ("Nothing.", "Nichts."),
    "where": ("Where the accounts would stand", "Wo die Kunden stünden"),
    "rated": ("of the revenue is rated,", "des Umsatzes sind bewertet,"),
    "firm": ("firm: no missing value can move it.", "gesichert: kein fehlender Wert kann sie bewegen."),
    "unrated_stand": ("Not rated yet, would stand in", "Noch nicht bewertet, stünden in"),
    "certain": ("Certain", "Sicher"),
    "foci": ("Largest campaign focuses", "Größte Kampagnenschwerpunkte"),
    "change_potential": ("Change potential", "Veränderungspotenzial"),
    "unknown_beside": ("Unknown beside it", "Daneben unbekannt"),
    "no_focus": (
        "The mapping has no criterion that a campaign could work on.",
        "Das Mapping hat kein Kriterium, an dem eine Kampagne arbeiten könnte.",
    ),
    "separates": (
        "Does a criterion separate buyers from decliners?",
        "Trennt ein Kriterium Käufer von Ablehnern?",
    ),
    "separates_note": (
        """Chance that an account whose latest closed opportunity was won scores higher than one whose latest was lost,
        with its 95 % interval; 0.5 is a coin. Hollow: the criterion reads won opportunities itself, so that it says
        less than it seems. A criterion need not separate to be right: it may matter for tomorrow.""",
        """Wahrscheinlichkeit, dass ein Kunde, dessen letzte abgeschlossene Chance gewonnen wurde, mehr Punkte hat als
        einer, dessen letzte verloren ging, mit 95-%-Intervall; 0,5 ist ein Münzwurf. Hohl: das Kriterium liest selbst
        gewonnene Chancen und sagt weniger, als es scheint. Ein Kriterium muss nicht trennen, um richtig zu sein:
        vielleicht zählt es erst morgen.""",
    ),
    "too_few": ("too few accounts", "zu wenige Kunden"),
    "spread": ("Spread of revenue", "Verteilung des Umsatzes"),
    "half": ("make half of the revenue,", "machen die Hälfte des Umsatzes,"),
    "most": ("make 80 %. Gini coefficient", "machen 80 %. Gini-Koeffizient"),
    "of": ("of", "von"),
    "accounts_small": ("accounts", "Kunden"),
    "largest_first": ("accounts, largest first", "Kunden, die größten zuerst"),
    "no_revenue": (
        "No account has revenue in the last 12 months.",
        "Kein Kunde hat Umsatz in den letzten 12 Monaten.",
    ),
    "population": ("Accounts and opportunities", "Kunden und Chancen"),
    "without_revenue": ("Accounts without revenue in 12 months", "Kunden ohne Umsatz in 12 Monaten"),
    "inactive": (
        "Inactive: nothing won in 24 months, nothing open",
        "Inaktiv: 24 Monate nichts gewonnen, nichts offen",
    ),
    "alike": ("Possible duplicates", "Mögliche Dubletten"),
    "in_groups": ("in groups:", "in Gruppen:"),
    "families": ("Accounts with a parent, families", "Kunden mit Mutterunternehmen, Firmengruppen"),
    "deals": ("Opportunities read", "Gelesene Chancen"),
    "loose": ("Without account, without close date", "Ohne Kunde, ohne Abschlussdatum"),
    "open": ("Open, of these overdue", "Offen, davon überfällig"),
    "counted": ("Won or open, of these without amount", "Gewonnen oder offen, davon ohne Betrag"),
    "currencies": ("Currencies", "Währungen"),
    "no_currency": ("none", "keine"),
    "reached": ("Accounts with", "Kunden mit"),
    "object_opportunities": ("opportunities", "Chancen"),
    "object_contact_roles": ("contact roles", "Kontaktrollen"),
    "object_cases": ("cases", "Fällen"),
    "object_orders": ("orders", "Aufträgen"),
    "object_activities": ("activities", "Aktivitäten"),
    "object_accounts": ("accounts", "Kunden"),
    "name": ("Name", "Name"),
    "alike_first": (
        "Possible duplicates, largest revenue first",
        "Mögliche Dubletten, größter Umsatz zuerst",
    ),
    "fields": ("Mapped fields", "Felder des Mappings"),
    "field": ("Field", "Feld"),
    "serves": ("Serves", "Dient"),
    "filled": ("Filled", "Befüllt"),
    "by_revenue": ("By revenue", "Nach Umsatz"),
    "distinct": ("Distinct", "Verschiedene"),
    "commonest": ("Commonest", "Häufigster"),
    "age": ("Median age, days", "Alter (Median), Tage"),
    "records": ("records", "Datensätze"),
}
