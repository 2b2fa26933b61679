"""Every phrase that the connector writes to the CRM, in English and German."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from connector.mapping.model import Language, Segment

Case = Literal["protect", "develop", "decide", "maintain", "retreat", "unrated"]
"""What the account team is asked for: by zone, except for ``decide``, the bottom of ``develop``."""
CASES: tuple[Case, ...] = get_args(Case)


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language. Texts of `actions` end up inside a sentence, those of `steps` are sentences.

    `sources` stand behind the score of a criterion that can be answered in several ways and say which one did.
    `manual` stands behind a zone or a score that a person has set; `set_by` and its like begin the sentence that says
    who, and end before the reason.
    """

    segments: dict[Segment, str]
    confidence: dict[str, str]
    potential: str
    attractiveness: str
    unknown: str
    top_revenue: str
    strong: str
    weak: str
    so_far: str
    missing: str
    more: str
    provisional: str
    no_data: str
    out_of_date: str
    next: str
    actions: dict[Case, str]
    actions_weak: dict[Case, str]
    steps: dict[Case, str]
    steps_weak: dict[Case, str]
    rate_again: str
    fill_in: str
    rate_it: str
    by_records: str
    manual: str
    not_rated: str
    set_by: str
    set_in_crm: str
    set_in_file: str
    no_reason: str
    sources: dict[str, str]


PHRASES: dict[Language, Phrases] = {
    "en": Phrases(
        segments={
            "protect": "Key account",
            "develop": "Development zone",
            "maintain": "Maintain",
            "retreat": "Efficient care",
            "unrated": "Not rated yet",
        },
        confidence={"firm": "Firm", "provisional": "Provisional"},
        potential="{zone}: potential ",
        attractiveness=", attractiveness ",
        unknown="unknown",
        top_revenue=" (high: top revenue)",
        strong=". Strong: {criterion} ",
        weak=". Weak: {criterion} ",
        so_far=". So far: {criterion} ",
        missing=". Missing: ",
        more=" and more",
        provisional=". Provisional",
        no_data=", no data: {criterion}",
        out_of_date=", rating out of date: {criterion}",
        next=". Next: {action}.",
        actions={
            "protect": "keep the best care",
            "develop": "work on the fit",
            "decide": "decide in person, develop or let go",
            "maintain": "hold the level with efficient channels",
            "retreat": "keep the effort small",
            "unrated": "fill in what is missing",
        },
        actions_weak={"protect": "best care, strengthen the weak point", "develop": "work on the weak point"},
        steps={
            "protect": "Keep the best care and guard the account against competitors.",
            "develop": "Work on the fit: agree with the customer how to work together.",
            "decide": "A person decides: develop this account or let it go.",
            "maintain": "Hold the level with efficient channels; invest only to keep it.",
            "retreat": "Keep the effort small; withdrawing is a person's decision.",
            "unrated": "Fill in: {criterion}.",
        },
        steps_weak={
            "protect": "Keep the best care and work on: {criterion}.",
            "develop": "Work on: {criterion}. It burdens this account most.",
            "decide": "A person decides: develop this account or let it go. Weakest: {criterion}.",
        },
        rate_again=" Rate again: {criterion}.",
        fill_in=" Fill in: {criterion}.",
        rate_it="A person has set this; rate the account anew or let the decision end.",
        by_records="There is nothing to fill in: what is missing comes from the CRM's records.",
        manual=" (manual)",
        not_rated=": not rated yet",
        set_by="Set manually by {owner}: ",
        set_in_crm="Set manually in the CRM: ",
        set_in_file="Set manually in a file: ",
        no_reason="no reason given",
        sources={
            "rating": " (rated)",
            "field": " (entered)",
            "csv": " (file)",
            "opportunities": " (deals)",
            "contact_roles": " (roles)",
            "cases": " (cases)",
            "orders": " (orders)",
            "activities": " (activities)",
            "wallet": " (wallet)",
            "criteria": " (criteria)",
        },
    ),
    "de": Phrases(
        segments={
            "protect": "Schutzzone",
            "develop": "Entwicklungszone",
            "maintain": "Haltezone",
            "retreat": "Effizienzbetreuung",
            "unrated": "Noch nicht bewertet",
        },
        confidence={"firm": "Gesichert", "provisional": "Vorläufig"},
        potential="{zone}: Potenzial ",
        attractiveness=", Attraktivität ",
        unknown="unbekannt",
        top_revenue=" (hoch: Topumsatz)",
        strong=". Stark: {criterion} ",
        weak=". Schwach: {criterion} ",
        so_far=". Bisher: {criterion} ",
        missing=". Es fehlt: ",
        more=" und weitere",
        provisional=". Vorläufig",
        no_data=", ohne Angabe: {criterion}",
        out_of_date=", Bewertung veraltet: {criterion}",
        next=". Jetzt: {action}.",
        actions={
            "protect": "beste Betreuung halten",
            "develop": "an der Zusammenarbeit arbeiten",
            "decide": "entscheiden, ob entwickeln oder loslassen",
            "maintain": "mit effizienten Kanälen halten",
            "retreat": "Aufwand klein halten",
            "unrated": "Fehlendes ergänzen",
        },
        actions_weak={
            "protect": "beste Betreuung, Schwachstelle stärken",
            "develop": "an der Schwachstelle arbeiten",
        },
        steps={
            "protect": "Beste Betreuung halten und vor Abwerbung schützen.",
            "develop": "An der Zusammenarbeit arbeiten: mit dem Kunden klären, wie es gemeinsam besser geht.",
            "decide": "Ein Mensch entscheidet: diesen Kunden entwickeln oder loslassen.",
            "maintain": "Das Niveau mit effizienten Kanälen halten; nur dafür investieren.",
            "retreat": "Den Aufwand klein halten; über einen Rückzug entscheidet ein Mensch.",
            "unrated": "Bitte ergänzen: {criterion}.",
        },
        steps_weak={
            "protect": "Beste Betreuung halten und daran arbeiten: {criterion}.",
            "develop": "Daran arbeiten: {criterion}. Das belastet diesen Kunden am meisten.",
            "decide": "Ein Mensch entscheidet: diesen Kunden entwickeln oder loslassen. Am schwächsten: {criterion}.",
        },
        rate_again=" Neu bewerten: {criterion}.",
        fill_in=" Bitte ergänzen: {criterion}.",
        rate_it="Das hat ein Mensch gesetzt; den Kunden neu bewerten oder die Entscheidung auslaufen lassen.",
        by_records="Hier ist nichts auszufüllen: Was fehlt, ergibt sich aus den Daten im CRM.",
        manual=" (manuell)",
        not_rated=": noch nicht bewertet",
        set_by="Manuell gesetzt von {owner}: ",
        set_in_crm="Manuell gesetzt im CRM: ",
        set_in_file="Manuell gesetzt in einer Datei: ",
        no_reason="kein Grund angegeben",
        sources={
            "rating": " (bewertet)",
            "field": " (eingetragen)",
            "csv": " (Datei)",
            "opportunities": " (Chancen)",
            "contact_roles": " (Rollen)",
            "cases": " (Fälle)",
            "orders": " (Aufträge)",
            "activities": " (Aktivitäten)",
            "wallet": " (Budget)",
            "criteria": " (Kriterien)",
        },
    ),
}
