"""What is set: ``config.toml``, the environment, and the models that both are checked against."""

from connector.config.load import admin_connection, admin_variables, chosen, load
from connector.config.model import (
    CONNECTION_NAME,
    LOOPBACK,
    NAMELESS,
    SECRETS,
    Config,
    Connection,
    HubspotConnection,
    SalesforceConnection,
    Schedule,
    Store,
    SyncLimits,
)

__all__ = [
    "CONNECTION_NAME",
    "LOOPBACK",
    "NAMELESS",
    "SECRETS",
    "Config",
    "Connection",
    "HubspotConnection",
    "SalesforceConnection",
    "Schedule",
    "Store",
    "SyncLimits",
    "admin_connection",
    "admin_variables",
    "chosen",
    "load",
]
