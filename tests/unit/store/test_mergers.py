from __future__ import annotations

from connector.store import Store
from tests.unit.store.conftest import Opened


def test_mergers_are_known_for_good_with_their_last_survivor(store: Store, opened: Opened) -> None:
    store.mergers.keep({"A": "B"})
    store.mergers.keep({"A": "C", "B": "C"})
    assert opened("acme").mergers.all() == {"A": "C", "B": "C"}
    assert opened("other").mergers.all() == {}


def test_a_merger_that_was_undone_is_forgotten(store: Store) -> None:
    store.mergers.keep({f"A{number}": "B" for number in range(1_200)})
    store.mergers.keep({"A7": "B"})
    assert store.mergers.all() == {"A7": "B"}


def test_keeping_the_same_again_changes_nothing(store: Store) -> None:
    for _ in range(2):
        store.mergers.keep({"A": "B", "C": "D"})
    assert store.mergers.all() == {"A": "B", "C": "D"}
