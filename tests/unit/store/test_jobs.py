from __future__ import annotations

from connector.crm import Job
from connector.store import Store
from tests.unit.store.conftest import Opened

ONE = Job("7501", "salesforce ingest", "Account")
OTHER = Job("7502", "salesforce ingest")


def test_a_job_is_kept_until_it_has_ended(store: Store, opened: Opened) -> None:
    store.jobs.opened(ONE)
    store.jobs.opened(OTHER)
    assert opened("acme").jobs.left_open() == [ONE, OTHER]
    store.jobs.ended(ONE.id)
    store.jobs.ended("never noted")
    assert opened("acme").jobs.left_open() == [OTHER]


def test_a_job_noted_again_gets_the_new_detail(store: Store) -> None:
    store.jobs.opened(ONE)
    store.jobs.opened(Job(ONE.id, ONE.kind, "uploaded"))
    assert [job.detail for job in store.jobs.left_open()] == ["uploaded"]


def test_connections_do_not_see_each_others_jobs(store: Store, opened: Opened) -> None:
    store.jobs.opened(ONE)
    opened("other").jobs.ended(ONE.id)
    assert opened("other").jobs.left_open() == []
    assert store.jobs.left_open() == [ONE]
