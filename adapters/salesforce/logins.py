"""What a refused login means and what to do, by OAuth's code and by Salesforce's own words."""

from __future__ import annotations

import re
from collections.abc import Mapping

SKEW_SECONDS = 60.0
"""A clock that is further off explains a refused assertion: it is valid for three minutes."""

_CODES: Mapping[str, str] = {
    "invalid_client_id": "check client_id (the consumer key of the connected app)",
    "invalid_client": "check client_id and the client secret (KPM_CONNECTIONS__<NAME>__CLIENT_SECRET)",
    "invalid_grant": (
        "the refresh token, key or user is not accepted: check username and private_key_file, that the user is "
        "pre-authorised for the connected app, or issue a new refresh token"
    ),
    "invalid_app_access": (
        "give the user the connected app: Setup > Manage Connected Apps > your app > Manage Profiles or Permission Sets"
    ),
    "inactive_user": "activate the user, or connect another one",
    "inactive_org": "the org is suspended or deleted",
    "unsupported_grant_type": "allow this flow in the connected app, or set another auth",
    "INVALID_LOGIN": "check username, password and security token, and that the user may log in from here",
    "LOGIN_MUST_USE_SECURITY_TOKEN": (
        "this network is not trusted, so the security token is needed (KPM_CONNECTIONS__<NAME>__SECURITY_TOKEN)"
    ),
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": "the password has expired: set a new one in Salesforce",
    "INVALID_OPERATION": "the org has switched SOAP logins off; set up a connected app and auth = 'jwt'",
    "LOGIN_DURING_RESTRICTED_DOMAIN": "the user's profile does not admit logins from this network's addresses",
    "LOGIN_DURING_RESTRICTED_TIME": "the user's profile does not admit logins at this hour",
    "UNSUPPORTED_API_VERSION": "set api_version to one that the org offers",
}
"""By code; the first and most of the others come from OAuth, those in capitals from the SOAP login."""

TOO_MANY = re.compile(r"login rate exceeded|rate_limit_exceeded", re.IGNORECASE)
"""Words of a refusal that passes by itself, after an hour."""

_WORDS: Mapping[str, str] = {
    r"hasn.t approved|not admin approved|not approved": (
        "pre-authorise the user for the connected app: Setup > Manage Connected Apps > your app > Edit Policies > "
        "Permitted Users: Admin approved users are pre-authorized, then add the user's profile or a permission set"
    ),
    r"audience": (
        "login_url is of the wrong kind: https://test.salesforce.com or the sandbox's My Domain for a sandbox, "
        "https://login.salesforce.com or My Domain for production"
    ),
    r"expired access/refresh token": (
        "the refresh token has expired, or somebody revoked it (Setup > Connected Apps OAuth Usage): authorise the app "
        "once more and put the new token into KPM_CONNECTIONS__<NAME>__REFRESH_TOKEN; auth = 'jwt' needs no such token"
    ),
    r"expired authorization code|assertion.*expired|expired.*assertion|expires? (too )?far|invalid.*exp\b": (
        "the signed assertion counts as expired: set this machine's clock by a time server"
    ),
    r"invalid assertion|invalid signature|invalid.*cert": (
        "the key in private_key_file does not belong to the certificate of the connected app, or username is not "
        "the login name of a user of this org: upload the certificate of this very key to the app, and check username"
    ),
    r"ip restrict|ip address": "the connected app or the profile does not admit this machine's IP address",
    r"user is locked|user.*inactive|inactive user": "unlock or activate the user: Setup > Users",
    r"no client credentials user": (
        "name the user whom the app runs as: Setup > Manage Connected Apps > your app > Edit Policies > Run As"
    ),
    r"not supported on this domain": (
        "set login_url to the org's My Domain (https://acme.my.salesforce.com)"
    ),
    r"client credentials|client secret": _CODES["invalid_client"],
}
"""By what Salesforce says beside ``invalid_grant`` and its like: the code alone covers a dozen causes."""


def fix(code: str, words: str, skew: float | None = None) -> str:
    """What to do about a refused login.

    Args:
        code: OAuth's or SOAP's error code.
        words: what Salesforce says beside it.
        skew: seconds by which this machine's clock is ahead of Salesforce's, None if unknown.
    """
    found = next((text for pattern, text in _WORDS.items() if re.search(pattern, words, re.IGNORECASE)), None)
    if code == "invalid_grant" and skew is not None and abs(skew) > SKEW_SECONDS:
        way = "ahead of" if skew > 0 else "behind"
        return (
            f"this machine's clock is {_span(abs(skew))} {way} Salesforce's, and signed logins are valid for three "
            f"minutes only: set the clock by a time server. If that does not help: {found or _CODES[code]}"
        )
    return found or _CODES.get(code, "check the credentials and the connected app")


def _span(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
