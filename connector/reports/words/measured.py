"""What is measured: sources, raw values with their unit, and what is done to them before they are scored."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "measure_won_amount": ("won amount", "gewonnener Betrag"),
    "measure_won_count": ("won opportunities", "gewonnene Chancen"),
    "measure_open_amount": ("open amount", "offener Betrag"),
    "measure_weighted_pipeline": (
        "open amount weighted by probability",
        "offener Betrag, gewichtet mit der Wahrscheinlichkeit",
    ),
    "measure_win_rate": (
        "share of closed opportunities that were won, smoothed",
        "Anteil der gewonnenen an den abgeschlossenen Chancen, geglättet",
    ),
    "measure_days_since_won": (
        "days since the last won opportunity",
        "Tage seit der letzten gewonnenen Chance",
    ),
    "measure_tenure_years": (
        "years since the first won opportunity",
        "Jahre seit der ersten gewonnenen Chance",
    ),
    "measure_trend": (
        "change of the won amount against the period before",
        "Veränderung des gewonnenen Betrags gegen den Zeitraum davor",
    ),
    "measure_breadth": (
        "different values among won opportunities",
        "verschiedene Werte unter den gewonnenen Chancen",
    ),
    "measure_share": ("share of wallet", "Lieferanteil"),
    "measure_headroom": ("white space within reach", "erreichbarer offener Lieferanteil"),
    "measure_headroom_share": (
        "white space as a share of the wallet",
        "offener Lieferanteil, gemessen am Gesamtbedarf",
    ),
    "combined_weighted": ("weighted mean of {criteria}", "gewichtetes Mittel von {criteria}"),
    "combined_min": ("lowest of {criteria}", "kleinster Wert von {criteria}"),
    "combined_max": ("highest of {criteria}", "größter Wert von {criteria}"),
    "combined_geometric": ("geometric mean of {criteria}", "geometrisches Mittel von {criteria}"),
    "source_field": ("field {field}", "Feld {field}"),
    "source_column": ("column {column} of {file}", "Spalte {column} von {file}"),
    "source_roles": (
        "buying roles filled, of {needed} needed",
        "besetzte Einkaufsrollen, von {needed} nötigen",
    ),
    "source_rate_cases": ("cases that match, per {base}, smoothed", "passende Fälle je {base}, geglättet"),
    "source_rate_orders": (
        "orders that match, per {base}, smoothed",
        "passende Aufträge je {base}, geglättet",
    ),
    "source_number_cases": ("number of cases", "Zahl der Fälle"),
    "source_number_orders": ("number of orders", "Zahl der Aufträge"),
    "source_activities": ("number of activities", "Zahl der Aktivitäten"),
    "source_last_activity": ("days since the last activity", "Tage seit der letzten Aktivität"),
    "source_next": (", next {months} months", ", nächste {months} Monate"),
    "source_last": (", last {months} months", ", letzte {months} Monate"),
    "source_or": (" or ", " oder "),
    "base_cases": ("case", "Fall"),
    "base_orders": ("order", "Auftrag"),
    "base_won_opportunities": ("won opportunity", "gewonnene Chance"),
    "base_record": ("record", "Datensatz"),
    "yes": ("yes", "ja"),
    "no": ("no", "nein"),
    "value_years": ("{years} years", "{years} Jahre"),
    "rated_as": ("{value} on {worst} to {best}", "{value} auf der Skala von {worst} bis {best}"),
    "wallet_activity": ("its best year with us", "bestes Jahr bei uns"),
    "wallet_model": (
        "a model of the wallets that people have entered",
        "Modell aus den eingetragenen Bedarfsangaben",
    ),
    "wallet_peer_p80": ("what comparable customers buy", "was vergleichbare Kunden kaufen"),
    "wallet_field": ("the field {field}", "das Feld {field}"),
    # what the portfolio has to do with a value
    "smoothed": (
        "counted with {prior} more at the portfolio's own rate",
        "mitgezählt: {prior} mit der Quote des Portfolios",
    ),
    "smoothed_to": (
        "counted with {prior} more at the portfolio's own rate of {rate} %",
        "mitgezählt: {prior} mit der Quote des Portfolios von {rate} %",
    ),
    "centred": (
        "centred: counts as {value}; {owner} gives {mean} on average, all together {portfolio}",
        "zentriert: zählt als {value}; {owner} vergibt im Mittel {mean}, alle zusammen {portfolio}",
    ),
    "centred_few": (
        "counts as given: its owner has rated too few to tell strict from kind",
        "zählt wie vergeben: sein Betreuer hat zu wenige bewertet, um streng von milde zu unterscheiden",
    ),
    "centred_nobody": ("counts as given: it has no owner", "zählt wie vergeben: ohne Betreuer"),
    "ranked": ("ranked among {peers}", "Rang unter {peers}"),
    "ranked_everybody": ("all customers", "allen Kunden"),
    "ranked_group": ("ranked among {peers} with {field} {group}", "Rang unter {peers} mit {field} {group}"),
    "ranked_few": (
        "ranked among all customers, as too few have {field} {group}",
        "Rang unter allen Kunden, da zu wenige {field} {group} haben",
    ),
    "ranked_blank": (
        "ranked among all customers, as its {field} is not known",
        "Rang unter allen Kunden, da {field} nicht bekannt ist",
    ),
}
