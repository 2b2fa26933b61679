"""The CRMs that the connector speaks to, and a sandbox that speaks like them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config import HubspotConnection, SalesforceConnection

if TYPE_CHECKING:
    from connector.crm import Crm

__all__ = ["open_crm"]


def open_crm(
    connection: SalesforceConnection | HubspotConnection, *, time_zone: str, quota_share: float = 1.0
) -> Crm:
    """Prepare a connection; its CRM is reached by the first call.

    A vendor's client library is loaded only if its CRM is used.

    Args:
        connection: as configured.
        time_zone: business time zone, in which moments become days.
        quota_share: share of the CRM's daily API calls that may be used up; changes beyond it are deferred.
    """
    if isinstance(connection, SalesforceConnection):
        from adapters.salesforce.crm import SalesforceCrm  # noqa: PLC0415

        return SalesforceCrm.open(connection, time_zone=time_zone, quota_share=quota_share)
    from adapters.hubspot.crm import HubspotCrm  # noqa: PLC0415

    return HubspotCrm.open(connection, time_zone=time_zone, quota_share=quota_share)
