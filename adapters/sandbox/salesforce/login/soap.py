"""The SOAP login: user name, and password with security token, in API versions 31 to 64."""

from __future__ import annotations

from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.sandbox.database import quoted
from adapters.sandbox.http import blocking
from adapters.sandbox.salesforce.login.apps import Apps
from adapters.sandbox.salesforce.org import ORGANIZATION, Org

_FIRST, _LAST = 31, 64  # versions whose login() is answered
_CALLS = ("urn:partner.soap.sforce.com", "urn:enterprise.soap.sforce.com")
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{call}" '
    'xmlns:sf="urn:fault.partner.soap.sforce.com" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>'
)


class _FaultError(Exception):
    """Becomes a SOAP fault."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class SoapLogin:
    """login() of the partner and enterprise services; no other SOAP call exists here."""

    def __init__(self, org: Org, apps: Apps) -> None:
        """Open sessions of `org`."""
        self._org = org
        self._apps = apps

    def routes(self) -> list[Route]:
        """The two services, with and without the organization at the end."""
        endpoint = blocking(self._login, reads=True)
        return [
            Route(f"/services/Soap/{service}/{{version}}{more}", endpoint, methods=["POST"])
            for service in ("u", "c")
            for more in ("", "/{organization}")
        ]

    def _login(self, request: Request, body: bytes) -> Response:
        version = request.path_params["version"]
        call = _CALLS["/Soap/c/" in request.url.path]
        try:
            self._check_version(version)
            username, password = _credentials(body)
            answer = self._session(username, password, request, version)
            status = 200
        except _FaultError as fault:
            status = 500
            shown = f"{escape(fault.code)}: {escape(fault.text)}"
            answer = (
                f"<soapenv:Fault><faultcode>sf:{fault.code}</faultcode><faultstring>{shown}</faultstring>"
                f'<detail><sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>{fault.code}</sf:exceptionCode>'
                f"<sf:exceptionMessage>{escape(fault.text)}</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault>"
            )
        return Response(
            _ENVELOPE.format(call=call, body=answer), status, media_type="text/xml; charset=utf-8"
        )

    def _check_version(self, version: str) -> None:
        try:
            number = float(version)
        except ValueError:
            number = 0
        if number < _FIRST:
            raise _FaultError("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
        if number > _LAST:
            raise _FaultError(
                "INVALID_OPERATION", f"SOAP API login() is not available in API version {version}."
            )
        if not self._apps.soap_login:
            raise _FaultError("INVALID_OPERATION", "SOAP API login() is disabled by default in this org.")

    def _session(self, username: str, password: str, request: Request, version: str) -> str:
        user = self._org.database.row(f"SELECT * FROM {quoted('sf_User')} WHERE Username = ?", (username,))
        person = self._apps.person(username)
        wrong = _FaultError(
            "INVALID_LOGIN", "Invalid username, password, security token; or user locked out."
        )
        if user is None or not user["IsActive"] or person.locked or self._org.credentials_revoked:
            raise wrong
        if password == person.password and person.security_token:
            raise _FaultError(
                "LOGIN_MUST_USE_SECURITY_TOKEN",
                "Invalid username, password, security token; or user locked out. Are you at a new location? When "
                "accessing Salesforce--either via a desktop client or the API--from outside of your company's trusted "
                "networks, you must add a security token to your password to log in.",
            )
        if password != person.password + person.security_token:
            raise wrong
        base = f"{request.url.scheme}://{request.url.netloc}"
        service = "c" if "/Soap/c/" in request.url.path else "u"
        short = ORGANIZATION[:15]
        info = {
            "accessibilityMode": "false",
            "currencySymbol": "€",
            "orgDefaultCurrencyIsoCode": "EUR",
            "orgDisallowHtmlAttachments": "false",
            "orgHasPersonAccounts": "true",
            "organizationId": ORGANIZATION,
            "organizationMultiCurrency": str(self._org.multi_currency).lower(),
            "organizationName": "Sandbox GmbH",
            "profileId": user["ProfileId"],
            "sessionSecondsValid": str(int(self._org.session_seconds)),
            "userEmail": user["Email"],
            "userFullName": user["Name"],
            "userId": user["Id"],
            "userLanguage": user["LanguageLocaleKey"],
            "userLocale": user["LocaleSidKey"],
            "userName": user["Username"],
            "userTimeZone": user["TimeZoneSidKey"],
            "userType": "Standard",
            "userUiSkin": "Theme3",
        }
        fields = "".join(f"<{name}>{escape(str(value or ''))}</{name}>" for name, value in info.items())
        return (
            f"<loginResponse><result><metadataServerUrl>{base}/services/Soap/m/{version}/{short}</metadataServerUrl>"
            "<passwordExpired>false</passwordExpired><sandbox>true</sandbox>"
            f"<serverUrl>{base}/services/Soap/{service}/{version}/{short}</serverUrl>"
            f"<sessionId>{self._org.open_session(user['Id'])}</sessionId><userId>{user['Id']}</userId>"
            f"<userInfo>{fields}</userInfo></result></loginResponse>"
        )


def _credentials(body: bytes) -> tuple[str, str]:
    """User name and password of the envelope."""
    try:
        root = ET.fromstring(body)  # noqa: S314 (from this machine alone; expat limits expansion)
    except ET.ParseError as error:
        raise _FaultError("INVALID_SOAP_HEADER", f"The envelope is no XML: {error}") from error
    for call in _CALLS:
        login = root.find(f".//{{{call}}}login")
        if login is not None:
            return tuple(login.findtext(f"{{{call}}}{name}") or "" for name in ("username", "password"))  # type: ignore[return-value]
    raise _FaultError("INVALID_OPERATION", "The sandbox's SOAP services know login() alone")
