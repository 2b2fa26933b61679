"""A mapping for the in-memory CRM and a store beside it: what the tests of whole runs share."""

from __future__ import annotations

from collections.abc import Mapping as Map
from pathlib import Path
from typing import Any

from connector.admin.provision import provision
from connector.config import Store as StoreSettings
from connector.config import SyncLimits
from connector.crm import ID, CrmField, FieldType
from connector.mapping import Mapping, parse
from connector.store import Store, open_store
from tests.contract.fake import FakeCrm, FakeOrg, small_portfolio

LENIENT = SyncLimits(max_moved_share=1, max_cleared_share=1, max_shrink_share=1)

MAPPING = """
version = 1
crm = "salesforce"
currency = "EUR"
[portfolio]
all = [ { field = "IsPersonAccount", equals = false } ]
any = [ { field = "Type", in = ["Customer"] } ]
[accounts]
name = "Name"
owner = "OwnerId"
size = "NumberOfEmployees"
[opportunities]
account = "AccountId"
amount = "Amount"
close_date = "CloseDate"
stage = "StageName"
probability = "Probability"
[contact_roles]
objects = ["OpportunityContactRole"]
[[criteria]]
id = "demand"
dimension = "potential"
label = "Demand"
source = { from = "opportunities", measure = "weighted_pipeline", months = 12 }
scale = { kind = "log", zero = 100, full = 40_000 }
[[criteria]]
id = "size"
dimension = "potential"
label = "Size"
source = { field = "NumberOfEmployees" }
scale = { kind = "linear", zero = 0, full = 400 }
[[criteria]]
id = "revenue"
dimension = "potential"
label = "Revenue"
source = { from = "opportunities", measure = "won_amount", months = 12 }
scale = { kind = "log", zero = 100, full = 40_000 }
[[criteria]]
id = "access"
dimension = "attractiveness"
label = "Decision makers"
source = { from = "contact_roles", measure = "role_coverage", required = ["Economic Buyer"] }
scale = { kind = "linear", zero = 0, full = 1 }
[[criteria]]
id = "win_rate"
dimension = "attractiveness"
label = "Win rate"
source = { from = "opportunities", measure = "win_rate", months = 36 }
scale = { kind = "linear", zero = 0, full = 1 }
[[criteria]]
id = "chemistry"
dimension = "attractiveness"
label = "Chemistry"
weight = 0.5
source = { field = "KPM_Chemistry__c", expires_days = 365 }
scale = { kind = "rating", worst = 1, best = 5 }
[write]
segment = "KPM_Segment__c"
segment_since = "KPM_Segment_Since__c"
potential = "KPM_Potential__c"
attractiveness = "KPM_Attractiveness__c"
coverage = "KPM_Coverage__c"
confidence = "KPM_Confidence__c"
why = "KPM_Why__c"
next_step = "KPM_Next_Step__c"
campaigns = "KPM_Campaigns__c"
revenue_flag = "KPM_Top_Revenue__c"
"""


def mapping_of(text: str = MAPPING) -> Mapping:
    return parse(text, "mapping.toml")[0]


def provisioned(mapping: Mapping, accounts: int = 40, **options: Any) -> FakeCrm:
    """The in-memory CRM with our fields."""
    crm = FakeCrm(small_portfolio(accounts), **options)
    crm.org.fields["opportunities"]["AccountId"] = CrmField("AccountId", "Account", FieldType.REFERENCE)
    provision(crm, mapping)
    return crm


def settings(folder: Path) -> StoreSettings:
    return StoreSettings(url=f"sqlite:///{folder}/kpm.db", folder=folder / "kpm-data")


def store_in(folder: Path) -> Store:
    return open_store(settings(folder), "acme")


def held(org: FakeOrg, mapping: Mapping) -> dict[str, Map[str, Any]]:
    """What the CRM holds of our results, by account and result key; accounts without any are left out."""
    found = {
        account[ID]: {key: account.get(name) for key, name in mapping.write.targets.items()}
        for account in org.records["accounts"]
    }
    return {
        key: values for key, values in found.items() if any(value is not None for value in values.values())
    }
