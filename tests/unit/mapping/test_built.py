"""What the mapping language calls built is what the stages answer to."""

from __future__ import annotations

from connector import measures, scales
from connector.mapping import built
from connector.mapping.model import SOURCES


def test_measures() -> None:
    assert dict(measures.BUILT) == built.MEASURES


def test_scales() -> None:
    assert scales.BUILT == built.SCALES


def test_wallet_sources() -> None:
    assert frozenset(measures.WALLET_SOURCES) == built.WALLET_SOURCES


def test_every_section_has_its_measures() -> None:
    assert set(built.MEASURES) == set(SOURCES) - {"field", "csv"}
