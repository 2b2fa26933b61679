"""Every measure of the language is computed."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from connector import measures
from connector.mapping.model import SOURCES, Wallet, WalletRung


@pytest.mark.parametrize("name", sorted(set(SOURCES) - {"field", "csv"}))
def test_every_measure_of_the_language_is_built(name: str) -> None:
    source: Any = SOURCES[name]
    assert measures.BUILT[name] == set(get_args(source.model_fields["measure"].annotation))


def test_nothing_else_is() -> None:
    assert set(measures.BUILT) == set(SOURCES) - {"field", "csv"}


def test_every_source_of_a_wallet_answers() -> None:
    pattern = get_args(WalletRung)[1].metadata[0].pattern
    assert set(pattern.strip("^$()").replace(":.+", "").split("|")) == measures.WALLET_SOURCES
    assert Wallet.model_validate({"sources": ["field:X", "activity", "model", "peer_p80"]})
