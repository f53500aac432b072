"""Provide real output of certbot 2.1 and 4.0 for errors of ACME servers."""

MORE = (
    "Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile x for more details.\n"
)
FAILED = (
    "Certbot failed to authenticate some domains (authenticator: webroot). The Certificate Authority reported these "
    "problems:\n"
)
PROBLEM = "  Domain: {name}\n  Type:   {kind}\n  Detail: {detail}\n\n"
REFUSED = (
    'Get "http://www.a.example:80/.well-known/acme-challenge/NNBd": dial tcp 127.0.0.1:80: connect: connection refused'
)
CONNECTION = (
    "Saving debug log to /var/log/letsencrypt/letsencrypt.log\n"
    "Simulating a certificate request for a.example and www.a.example\n\n"
    + FAILED
    + PROBLEM.format(name="www.a.example", kind="connection", detail=REFUSED)
    + PROBLEM.format(name="a.example", kind="connection", detail=REFUSED)
    + "Hint: The Certificate Authority failed to download the temporary challenge files created by Certbot.\n\n"
    "Some challenges have failed.\n" + MORE
)


def one(kind: str, detail: str) -> str:
    """Return the output for one failed domain."""
    return f"{FAILED}{PROBLEM.format(name='a.example', kind=kind, detail=detail)}Some challenges have failed.\n{MORE}"


FETCHED = "http://a.example/.well-known/acme-challenge/Np2I"
NOT_FOUND = one("unauthorized", f"Non-200 status code from HTTP: {FETCHED} returned 404")
NOT_FOUND_OVER_IPV6 = one("unauthorized", f"2a00:7b80:1::17: Invalid response from {FETCHED}: 404")
TIMEOUT = one("connection", f"11.22.33.44: Fetching {FETCHED}: Timeout during connect (likely firewall problem)")
UNKNOWN_NAME = one(
    "dns", "DNS problem: NXDOMAIN looking up A for a.example - check that a DNS record exists for this domain"
)
FORBIDDEN = one("caa", "CAA record for a.example prevents issuance")
UNTRUSTED = (
    "An unexpected error occurred:\n"
    "requests.exceptions.SSLError: HTTPSConnectionPool(host='acme.lan', port=14000): Max retries exceeded with url: "
    "/dir (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
    "unable to get local issuer certificate (_ssl.c:1006)')))\n" + MORE
)
NOT_YET_VALID = UNTRUSTED.replace("unable to get local issuer certificate", "certificate is not yet valid")
DOWN = "An unexpected error occurred:\nValueError: Requesting acme.lan/dir: Connection refused\n" + MORE
NO_SUCH_SERVER = (
    "An unexpected error occurred:\n"
    "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='acme.nowhere.invalid', port=443): Max retries "
    "exceeded with url: /dir (Caused by NameResolutionError(\"HTTPSConnection(host='acme.nowhere.invalid', port=443): "
    "Failed to resolve 'acme.nowhere.invalid' ([Errno -2] Name or service not known)\"))\n" + MORE
)
NO_WEBROOT = (
    "Processing /etc/letsencrypt/renewal/x.conf\n- - - - - -\n"
    "Simulating renewal of an existing certificate for a.example and b.example\n"
    "Failed to renew certificate x with error: Missing command line flag or config entry for this setting:\n"
    "Input the webroot for a.example:\n\n- - - - - -\n"
    "All simulated renewals failed. The following certificates could not be renewed:\n"
    "  /etc/letsencrypt/live/x/fullchain.pem (failure)\n1 renew failure(s), 0 parse failure(s)\n" + MORE
)
LIMITED = (
    "An unexpected error occurred:\n"
    "There were too many requests of a given type :: too many certificates (5) already issued for this exact set of "
    "identifiers in the last 168h0m0s, retry after 2026-11-24 19:42:55 UTC: see "
    "https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers\n" + MORE
)
LIMITED_WITHOUT_A_TIME = LIMITED.replace(", retry after 2026-11-24 19:42:55 UTC", "")
RUNNING = "Another instance of Certbot is already running.\n" + MORE
BAD_MAIL = (
    "Unable to register an account with ACME server. The ACME server believes me@example.invalid is an invalid email "
    "address. Please ensure it is a valid email and attempt registration again.\n" + MORE
)
STRANGE = "An unexpected error occurred:\nKeyError: 'something new'\n" + MORE
ABORTED = (
    "An unexpected error occurred:\n"
    "requests.exceptions.ConnectionError: ('Connection aborted.', BrokenPipeError(32, 'Broken pipe'))\n" + MORE
)
STUMBLED = "An unexpected error occurred:\nAttributeError: can't set attribute\n" + MORE
LOG = """2026-11-21 10:00:00,000:DEBUG:certbot._internal.main:certbot version: 2.1.0
Retry-After: 5

{{
  "type": "urn:ietf:params:acme:error:malformed",
  "detail": "of another time",
  "status": 400
}}
2026-11-22 12:00:00,000:DEBUG:certbot._internal.main:certbot version: 2.1.0
2026-11-22 12:00:01,000:DEBUG:acme.client:Received response:
HTTP {status}
Content-Type: application/problem+json
Retry-After: 7200

{{
  "type": "urn:ietf:params:acme:error:{kind}",
  "detail": "{detail}",
  "status": {status}
}}
"""
