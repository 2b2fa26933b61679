"""How good the sources of the wallet are, on a terminal."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "wallets_head": (
        (
            "{connection}: {accounts} in the portfolio; people have entered the wallets of {entered}, which makes "
            "{headroom} {currency} of white space; no source answers for {without}"
        ),
        (
            "{connection}: {accounts} im Portfolio; eingetragen ist der Gesamtbedarf von {entered}, das ergibt "
            "{headroom} {currency} offenen Lieferanteil; für {without} antwortet keine Quelle"
        ),
    ),
    "judged_field": ("what people entered", "was Menschen eingetragen haben"),
    "judged_activity": ("the best year with us", "das beste Jahr bei uns"),
    "judged_model": ("a model of what people entered", "ein Modell aus dem Eingetragenen"),
    "judged_peer_p80": ("what comparable customers buy", "was vergleichbare Kunden kaufen"),
    "judged_own_spend": ("taking own spend for the wallet", "den eigenen Umsatz für den Gesamtbedarf nehmen"),
    "judged_random": ("random order", "zufällige Reihenfolge"),
    "wallets_source": ("Source", "Quelle"),
    "wallets_answers": ("Answers", "Antwortet"),
    "wallets_could": ("Could", "Könnte"),
    "wallets_error": ("Error", "Fehler"),
    "wallets_within": ("Within 2", "Höchstens 2fach"),
    "wallets_leaning": ("Leaning", "Neigung"),
    "wallets_top": ("Top 20 %", "Obere 20 %"),
    "wallets_note": (
        (
            "answers: wallets that come from it, as the first that answers; could: if it came first. error: half of "
            "its answers are off from what people entered by more than this factor; leaning: above 1 it says too much. "
            "top 20 %: share of the white space in the fifth of these customers that it ranks first. In brackets: "
            "where nine of ten repetitions would lie."
        ),
        (
            "antwortet: Kunden, deren Gesamtbedarf von ihr als der ersten Quelle kommt; könnte: wenn sie die erste "
            "wäre. Fehler: die Hälfte ihrer Antworten weicht um mehr als diesen Faktor vom Eingetragenen ab; Neigung: "
            "über 1 sagt sie zu viel. obere 20 %: Anteil des offenen Lieferanteils bei dem Fünftel dieser Kunden, das "
            "sie voranstellt. In Klammern: wo neun von zehn Wiederholungen lägen."
        ),
    ),
    "wallets_few": (
        "With {entered} these figures are anecdotes.",
        "Bei {entered} sind diese Zahlen Anekdoten.",
    ),
    "model_trained": (
        (
            "The model of this quarter was trained on {entered}; half of its estimates were off by more than a factor "
            "of {error} out of fold."
        ),
        (
            "Das Modell dieses Quartals wurde an {entered} trainiert; die Hälfte seiner Schätzungen lag bei Kunden, "
            "die es nicht gesehen hatte, um mehr als den Faktor {error} daneben."
        ),
    ),
    "model_silent": (
        (
            "The model does not answer this quarter: with {entered} there were too few when its reference values were "
            "taken; {when}."
        ),
        (
            "Das Modell antwortet in diesem Quartal nicht: mit {entered} waren es zu wenige, als seine Bezugswerte "
            "genommen wurden; {when}."
        ),
    ),
    "model_later": (
        "it will be trained with the next quarter's reference values",
        "trainiert wird es mit den Bezugswerten des nächsten Quartals",
    ),
    "model_needs": ("it needs {needed}", "nötig sind {needed}"),
}
