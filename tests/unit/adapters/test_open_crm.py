from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from adapters import open_crm
from connector.config import HubspotConnection, SalesforceConnection


def test_the_connection_says_which_crm() -> None:
    hubspot = HubspotConnection.model_validate(
        {"crm": "hubspot", "mapping": Path("m.toml"), "access_token": "sandbox-token"}
    )
    salesforce = SalesforceConnection.model_validate(
        {
            "crm": "salesforce",
            "mapping": Path("m.toml"),
            "auth": "client_credentials",
            "client_id": "sandbox-sync",
            "client_secret": "sandbox-secret",
        }
    )
    for connection in (hubspot, salesforce):
        crm = open_crm(connection, time_zone="Europe/Vienna", quota_share=0.5)
        assert crm.name == connection.crm
        crm.close()


def test_only_the_client_of_the_crm_in_use_is_loaded() -> None:
    code = (
        "import sys; from pathlib import Path; from adapters import open_crm; "
        "from connector.config import HubspotConnection; "
        "open_crm(HubspotConnection(crm='hubspot', mapping=Path('m.toml'), access_token='sandbox-token'), "
        "time_zone='UTC'); "
        "assert 'hubspot' in sys.modules and 'simple_salesforce' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
