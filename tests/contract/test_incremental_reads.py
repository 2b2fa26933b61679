"""What an incremental read gives, applied to an earlier one, is what a complete read gives."""

from __future__ import annotations

from connector.crm import PullRequest
from tests.contract.bench import Bench


def test_the_basis_of_rows_is_the_same_for_every_connection_of_a_user(bench: Bench) -> None:
    for request in (PullRequest("accounts", ()), PullRequest("opportunities", ())):
        assert bench.crm.basis(request) == bench.open().basis(request) != ""
