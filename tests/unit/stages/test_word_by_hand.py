from __future__ import annotations

from connector.texts import LIMIT
from tests.unit.stages.portfolio import mapping_of
from tests.unit.stages.worded import BY_ANN, SCORES, by_hand, worded


class TestSetByHand:
    def test_a_zone(self, backend: str) -> None:
        account = {**SCORES, "segment": "protect", "p": 78, "a": 40, **by_hand(override="protect", **BY_ANN)}
        (row,) = worded(backend, [account])
        assert row["why"] == (
            "Key account (manual): potential 78, attractiveness 40. Weak: Decision makers 20. "
            "Next: best care, strengthen the weak point. Set manually by Ann Berg: New board, contract signed."
        )
        assert row["manual"] == "Set manually by Ann Berg: New board, contract signed."
        assert row["next_step"] == "Keep the best care and work on: Decision makers."

    def test_in_german_without_owner_and_reason(self, backend: str) -> None:
        in_crm = by_hand(override="maintain", override_from="crm")
        in_file = by_hand(override="maintain", override_from="file", override_reason="Vertrag läuft")
        accounts = [{**SCORES, "segment": "maintain", "p": 78, "a": 60, **each} for each in (in_crm, in_file)]
        crm, file = worded(backend, accounts, mapping_of(language="de"))
        start = "Haltezone (manuell): Potenzial 78, Attraktivität 60. Schwach: White space 60. Jetzt: mit effizienten "
        assert crm["why"] == f"{start}Kanälen halten. Manuell gesetzt im CRM: kein Grund angegeben."
        assert file["why"] == f"{start}Kanälen halten. Manuell gesetzt in einer Datei: Vertrag läuft."

    def test_the_rest_of_the_portfolio_reads_as_ever(self, backend: str) -> None:
        (plain,) = worded(backend, [SCORES])
        with_others = worded(
            backend,
            [{**SCORES, **by_hand(("access",))}, {**SCORES, **by_hand(("access",), override="retreat")}],
        )
        assert with_others[0]["why"] == plain["why"]
        assert with_others[0]["manual"] is None

    def test_the_score_of_a_criterion(self, backend: str) -> None:
        fact = {f"{key}:access": value for key, value in BY_ANN.items()}
        high, low = worded(
            backend,
            [
                {
                    **SCORES,
                    "score:access": score,
                    "rung:access": 1,
                    "p": 78,
                    "a": 60,
                    "top_revenue": True,
                    **by_hand(("access",), **{"override:access": score}, **fact),
                }
                for score in (95, 10)
            ],
        )
        assert high["why"] == (
            "Key account: potential 78 (high: top revenue), attractiveness 60. Strong: Decision makers 95 (manual). "
            "Next: keep the best care. Set manually by Ann Berg: New board, contract signed."
        )
        assert (
            "Weak: Decision makers 10 (manual). Next: best care, strengthen the weak point. Set man"
            in low["why"]
        )

    def test_a_zone_where_too_little_is_known_to_compute_one(self, backend: str) -> None:
        unknown = {"score:demand": None, "score:space": 40, "coverage:potential": 0.4, "confidence": None}
        account = {**SCORES, **unknown, **by_hand(override="protect", **BY_ANN)}
        (row,) = worded(backend, [account])
        assert row["why"] == (
            "Key account (manual): not rated yet. So far: Chemistry 80. Next: best care, strengthen the weak point. "
            "Set manually by Ann Berg: New board, contract signed."
        ).replace("best care, strengthen the weak point", "keep the best care")
        assert (row["out:potential"], row["out:attractiveness"], row["out:segment"]) == (
            None,
            None,
            "protect",
        )

    def test_not_rated_by_hand(self, backend: str) -> None:
        (row,) = worded(backend, [{**SCORES, "segment": "unrated", **by_hand(override="unrated", **BY_ANN)}])
        assert row["why"].startswith(
            "Not rated yet (manual). So far: Future demand 90. Next: fill in what is"
        )
        assert row["next_step"].startswith("A person has set this; ")
        assert (row["out:potential"], row["out:segment"]) == (50, "unrated")

    def test_long_words_are_cut_between_words(self, backend: str) -> None:
        words = by_hand(override="protect", override_owner="Ann " * 30, override_reason="because " * 31)
        (row,) = worded(backend, [{**SCORES, **words}])
        assert 230 < len(row["why"]) <= LIMIT
        assert row["why"].endswith("because…")
        assert "by Ann Ann Ann Ann Ann Ann Ann Ann Ann…: because" in row["why"]
