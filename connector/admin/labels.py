"""What people read on the fields that the connector creates: labels and one sentence of help, in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from connector.mapping.model import Criterion, Language
from connector.texts import one_line, shortened

LABEL_LIMIT: Final = 40
"""Characters of a field's label in Salesforce."""
HELP_LIMIT: Final = 255


@dataclass(frozen=True, slots=True)
class Named:
    """A field's label and help."""

    label: str
    help: str


RESULTS: Final[dict[Language, dict[str, Named]]] = {
    "en": {
        "segment": Named(
            "Portfolio zone", "Where this customer stands in the portfolio matrix. Computed every night."
        ),
        "segment_since": Named("Portfolio zone since", "Since when the customer has been in this zone."),
        "potential": Named("Potential score", "How much more the customer could buy from us, 0 to 100."),
        "attractiveness": Named("Attractiveness score", "How well the customer fits us, 0 to 100."),
        "coverage": Named("Portfolio data coverage", "Share of the rating that rests on data, in percent."),
        "confidence": Named(
            "Portfolio confidence", "Firm: missing data cannot change the zone. Provisional: it still could."
        ),
        "why": Named("Why this zone", "The main reasons for the zone, and what comes next."),
        "next_step": Named("Next step", "What the account team is asked to do."),
        "campaigns": Named("Focus programme", "Programmes that this customer takes part in this quarter."),
        "headroom": Named(
            "White space", "What the customer could additionally buy from us per year, estimated."
        ),
        "share_of_wallet": Named(
            "Share of wallet", "Our share of what the customer spends per year, in percent."
        ),
        "revenue_flag": Named(
            "Top revenue", "Among the largest customers that together make up the top revenue."
        ),
    },
    "de": {
        "segment": Named(
            "Portfoliozone", "Wo dieser Kunde in der Portfoliomatrix steht. Wird jede Nacht berechnet."
        ),
        "segment_since": Named("Portfoliozone seit", "Seit wann der Kunde in dieser Zone ist."),
        "potential": Named("Potenzial (Punkte)", "Wie viel mehr der Kunde bei uns kaufen könnte, 0 bis 100."),
        "attractiveness": Named("Attraktivität (Punkte)", "Wie gut der Kunde zu uns passt, 0 bis 100."),
        "coverage": Named(
            "Portfolio-Datenabdeckung", "Anteil der Bewertung, der auf Daten beruht, in Prozent."
        ),
        "confidence": Named(
            "Portfolio-Sicherheit",
            "Gesichert: fehlende Daten können die Zone nicht mehr ändern. Vorläufig: sie könnten es noch.",
        ),
        "why": Named("Warum diese Zone", "Die wichtigsten Gründe für die Zone, und was jetzt zu tun ist."),
        "next_step": Named("Nächster Schritt", "Worum das Kundenteam gebeten ist."),
        "campaigns": Named("Schwerpunktprogramm", "Programme, an denen dieser Kunde im Quartal teilnimmt."),
        "headroom": Named(
            "Offenes Potenzial", "Was der Kunde zusätzlich pro Jahr bei uns kaufen könnte, geschätzt."
        ),
        "share_of_wallet": Named(
            "Lieferanteil", "Unser Anteil an den Jahresausgaben des Kunden, in Prozent."
        ),
        "revenue_flag": Named(
            "Topumsatz", "Gehört zu den größten Kunden, die zusammen den Topumsatz ausmachen."
        ),
    },
}
"""By result key of ``[write]``."""

BADGE: Final[dict[Language, Named]] = {
    "en": Named("Portfolio badge", "The portfolio zone as an image. Follows the zone by itself."),
    "de": Named("Portfolio-Kennzeichen", "Die Portfoliozone als Bild. Folgt der Zone von selbst."),
}

INPUTS: Final[dict[Language, dict[str, Named]]] = {
    "en": {
        "rated_at": Named("Rated on", "When the ratings of this customer were last given or confirmed."),
        "wallet": Named(
            "Yearly spend (all suppliers)",
            "What the customer spends per year on what we sell, with all suppliers.",
        ),
        "wallet_rated_at": Named("Yearly spend estimated on", "When the yearly spend was last estimated."),
        "override": Named("Portfolio zone by hand", "A person's decision that replaces the computed zone."),
        "override_owner": Named("Zone by hand: who decided", "The person who answers for the decision."),
        "override_reason": Named("Reason for the zone by hand", "Why a person decided otherwise."),
        "override_expires": Named("Zone by hand until", "The last day on which the decision holds."),
    },
    "de": {
        "rated_at": Named(
            "Bewertet am", "Wann die Bewertungen dieses Kunden zuletzt gegeben oder bestätigt wurden."
        ),
        "wallet": Named(
            "Jahresausgaben (alle Lieferanten)",
            "Was der Kunde pro Jahr für unser Angebot ausgibt, bei allen Lieferanten.",
        ),
        "wallet_rated_at": Named(
            "Jahresausgaben geschätzt am", "Wann die Jahresausgaben zuletzt geschätzt wurden."
        ),
        "override": Named(
            "Portfoliozone von Hand", "Die Entscheidung eines Menschen, statt der berechneten Zone."
        ),
        "override_owner": Named("Zone von Hand: entschieden von", "Wer die Entscheidung verantwortet."),
        "override_reason": Named("Grund der Zone von Hand", "Warum ein Mensch anders entschieden hat."),
        "override_expires": Named("Zone von Hand bis", "Der letzte Tag, an dem die Entscheidung gilt."),
    },
}
"""By kind of input."""

_SCORE_OF: Final[dict[Language, Named]] = {
    "en": Named("{} (score)", "How this customer scores on this criterion, 0 to 100."),
    "de": Named("{} (Punkte)", "Wie viele Punkte der Kunde bei diesem Kriterium hat, 0 bis 100."),
}
_RATE: Final[dict[Language, str]] = {
    "en": "Your rating of this customer, from {low} (worst) to {high} (best).",
    "de": "Ihre Bewertung dieses Kunden, von {low} (am schlechtesten) bis {high} (am besten).",
}
_CHOOSE: Final[dict[Language, str]] = {
    "en": "Your judgement of this customer; empty means that nobody knows yet.",
    "de": "Ihre Einschätzung dieses Kunden; leer heißt, dass es noch niemand weiß.",
}


def of_criterion(criterion: Criterion, language: Language) -> Named:
    """A single criterion's score."""
    frame = _SCORE_OF[language]
    room = LABEL_LIMIT - len(frame.label.format(""))
    return Named(frame.label.format(shortened(one_line(criterion.label.in_(language)), room)), frame.help)


def of_rating(criterion: Criterion, language: Language, worst: float, best: float) -> Named:
    """The field in which people rate a criterion."""
    label = shortened(one_line(criterion.label.in_(language)), LABEL_LIMIT)
    return Named(label, _RATE[language].format(low=f"{worst:g}", high=f"{best:g}"))


def of_lookup(criterion: Criterion, language: Language) -> Named:
    """The field in which people choose a value for a criterion."""
    return Named(shortened(one_line(criterion.label.in_(language)), LABEL_LIMIT), _CHOOSE[language])
