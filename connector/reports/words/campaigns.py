"""Campaigns on a terminal."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "change_potential_in": ("Change potential, {currency}", "Veränderungspotenzial, {currency}"),
    "of_it_firm": ("Of it firm", "Davon gesichert"),
    "firm_members": ("Firm", "Gesichert"),
    "identify": ("Identify", "Zu klären"),
    "unknown_members": ("Unknown", "Unbekannt"),
    "by_sync": ("By the sync as of {day}", "Nach dem Lauf mit Stand {day}"),
    "proposal_note": (
        """firm: whatever is still missing, the potential is high. identify: who decides there is unknown, and finding
out is the work.
unknown: no score on this focus; these accounts add no money.""",
        """gesichert: was auch immer noch fehlt, das Potenzial ist hoch. zu klären: wer dort entscheidet, ist unbekannt;
das herauszufinden ist die Arbeit.
unbekannt: keine Punkte bei diesem Schwerpunkt; diese Kunden tragen kein Geld bei.""",
    ),
    "start_with": ("Start one with {command}", "Starten mit {command}"),
    "campaign_started": ("Started", "Gestartet"),
    "campaign_with": (" {tag} with {accounts}, until {day}. ", " {tag}, {accounts}, bis {day}. "),
    "tag_next_sync": (
        "The next sync writes the tag on their records.",
        "Der nächste Lauf schreibt ihnen das Kennzeichen.",
    ),
    "tag_from": (
        "The first sync from {day} on writes the tag on their records.",
        "Der erste Lauf ab {day} schreibt ihnen das Kennzeichen.",
    ),
    "first_members": ("The first members", "Die ersten Mitglieder"),
    "contribution_in": ("Contribution, {currency}", "Beitrag, {currency}"),
    "campaign_number": ("Number", "Nummer"),
    "no_campaign": (
        "No campaign yet. {command} shows where one would move most.",
        "Noch keine Kampagne. {command} zeigt, wo eine am meisten bewegen würde.",
    ),
    "campaign_closed": ("Closed", "Beendet"),
    "tag_removed": (
        " {tag}. The next sync removes the tag from its members.",
        " {tag}. Der nächste Lauf nimmt den Mitgliedern das Kennzeichen.",
    ),
}
