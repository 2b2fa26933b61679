"""Who may come in, and as whom: connected apps, OAuth's endpoints, and the SOAP login.

| client_id       | client_secret          | user                                                        |
|-----------------|------------------------|-------------------------------------------------------------|
| `sandbox-sync`  | `sandbox-secret`       | the integration user: no administrator, sees what he is given |
| `sandbox-admin` | `sandbox-admin-secret` | an administrator: may create fields and permission sets     |
| `sandbox-rep`   | `sandbox-rep-secret`   | a sales rep, the first user of the portfolio                |

Refresh tokens are `sandbox-sync-refresh` and so on. Every user's password is `sandbox-password`, his security token
`sandbox-token`. A JWT needs a certificate, which the control endpoint registers with an app.
"""

from adapters.sandbox.salesforce.login.apps import Apps
from adapters.sandbox.salesforce.login.oauth import OAuth
from adapters.sandbox.salesforce.login.soap import SoapLogin

__all__ = ["Apps", "OAuth", "SoapLogin"]
