"""Salesforce: REST through simple-salesforce, Bulk API 2.0 over the same session.

`crm.SalesforceCrm` is the entrance; every module beside it does one thing for it.
"""

from adapters.salesforce.crm import SalesforceCrm

__all__ = ["SalesforceCrm"]
