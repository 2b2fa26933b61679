"""Bulk API 2.0: query jobs, ingest jobs, and the list of all of them.

`jobs` keeps the register that both lists show, `queries` and `ingest` are the two kinds, `pages` finds a page in the
file of results, `rows` works off what was uploaded.
"""

from adapters.sandbox.salesforce.bulk.ingest import BulkIngest
from adapters.sandbox.salesforce.bulk.jobs import Jobs
from adapters.sandbox.salesforce.bulk.queries import BulkQueries

__all__ = ["BulkIngest", "BulkQueries", "Jobs"]
