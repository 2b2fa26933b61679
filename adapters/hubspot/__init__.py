"""HubSpot through hubspot-api-client: lists, associations and batches of its CRM objects.

`crm.HubspotCrm` is the entrance; every module beside it does one thing for it.
"""

from adapters.hubspot.crm import HubspotCrm

__all__ = ["HubspotCrm"]
