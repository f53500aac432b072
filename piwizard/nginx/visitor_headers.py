"""List request headers that identify a visitor, which nginx drops as forged.

nginx cannot drop headers by a pattern, so each name of a family is listed. Names with underscores or other unusual
characters need no entry: `underscores_in_headers off` and `ignore_invalid_headers on` drop them.
"""

from __future__ import annotations

WIDTH = 110


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _each(prefix: str, endings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{prefix}-{ending}" for ending in endings)


_FORWARDED = _names("""
    Access-Token Account Authorization By Client-Cert Client-Ip Client-Port Country Email For-Original For-Port
    For-Proto Group Groups Host-Original Host-Port Https Id-Token Ip Method Name Organization Origin Original-For Path
    Port Prefer Preferred-Username Protocol Real-Ip Remote-Addr Remote-Ip Remote-User Role Roles Scheme
    Script-Name Server Server-Name Ssl Ssl-Client-Cert Ssl-Client-S-Dn Ssl-Client-Verify Tenant Tls-Client-Cert
    Tls-Client-Cert-Info Tls-Version Uri Url User User-Id Username Users
""")
_PERSON = _names("""
    Addr Address Display-Name Domain Email First-Name Group Groups Host Id Ident Ip Last-Name Mail Name Port
    Preferred-Username Realm Role Roles Uid User User-Email User-Groups User-Id User-Name Userid Username
""")
_ACCOUNT = ("Email", "Groups", "Name", "Uid", "User", "Username")
_CERTIFICATE = _names("""
    Cert Cert-Chain Cert-Chain-0 Cert-Chain-1 Cert-Dn Cert-Fingerprint Cert-Hash Cert-Issuer Cert-Issuer-Dn
    Cert-Present Cert-Serial Cert-Sha1 Cert-Sha256 Cert-Subject Cert-Subject-Dn Cert-Used Cert-Verify Certificate
    Certificate-Chain Cn Dn Escaped-Cert Fingerprint I-Dn Issuer Issuer-Dn M-Serial Not-After Not-Before Notafter
    Notbefore Raw-Cert S-Cn S-Dn S-Dn-Cn S-Dn-Email S-Dn-Legacy Serial Sha1 Sha256 Subject Subject-Dn V-End V-Start
    Verify
""")


#: Family → names. nginx compares names without regard to case.
FAMILIES: dict[str, tuple[str, ...]] = {
    "the visitor's address, as proxies note it": (
        *_names("""
            Client-Ip Forwarded Forwarded-For Forwarded-For-Ip Forwarded-Host Forwarded-Port Forwarded-Prefix
            Forwarded-Proto Real-Ip True-Client-Ip True-Client-Port X-Client-Host X-Client-Ip X-Client-Port
            X-Client-Proto X-Cluster-Client-Ip X-Connecting-Ip X-Coming-From X-Envoy-External-Address X-Envoy-Internal
            X-Envoy-Original-Path X-External-Ip X-From-Ip X-Http-Client-Ip X-Http-Host-Override X-Ip-Trail
            X-Original-For X-Original-Forwarded-For X-Original-Remote-Addr X-Originating-Host X-Originating-Ip
            X-Proxy-Ip X-Proxyuser-Ip X-Real-Host X-Real-Port X-Real-Proto X-Real-Scheme X-Source-Ip X-Trusted-Ip
            X-True-Client-Ip X-True-Ip X-User-Ip X-Wap-Client-Ip X-Backend-Host X-Custom-Ip-Authorization
        """),
    ),
    "X-Forwarded-*": ("X-Forwarded", *_each("X-Forwarded", _FORWARDED)),
    "Cloudflare": (
        *_names("""
            Cdn-Loop Cf-Access-Authenticated-User-Email Cf-Access-Client-Id Cf-Access-Client-Secret Cf-Access-Email
            Cf-Access-Groups Cf-Access-Jwt Cf-Access-Jwt-Assertion Cf-Access-Token Cf-Access-User Cf-Asn Cf-Bot-Score
            Cf-Client-Ip Cf-Colo Cf-Country Cf-Device-Type Cf-Email Cf-Ip Cf-Ja3-Hash Cf-Ja4 Cf-User Cf-Cert-Issuer
            Cf-Cert-Presented Cf-Cert-Revoked Cf-Cert-Verified Cf-Client-Bot Cf-Client-Cert-Der-Base64
            Cf-Client-Cert-Sha256 Cf-Connecting-Ip Cf-Connecting-Ipv6 Cf-Connecting-O2o Cf-Ew-Via Cf-Ipcity
            Cf-Ipcontinent Cf-Ipcountry Cf-Iplatitude Cf-Iplongitude Cf-Metro-Code Cf-Postal-Code Cf-Pseudo-Ipv4
            Cf-Ray Cf-Real-Ip Cf-Region Cf-Region-Code Cf-Request-Id Cf-Threat-Score Cf-Timezone Cf-Verified-Bot
            Cf-Visitor Cf-Warp-Tag-Id Cf-Worker
        """),
    ),
    "other providers": (
        *_names("""
            Akamai-Client-Ip Akamai-Origin-Hop Ali-Cdn-Real-Ip Cdn-Real-Ip Cdn-Src-Ip Cloudfront-Forwarded-Proto
            Cloudfront-Viewer-Address Cloudfront-Viewer-Country Do-Connecting-Ip Fastly-Client Fastly-Client-Ip
            Fastly-Client-Port Fastly-Ff Fastly-Ssl Fastly-Temp-Xff Fly-Client-Ip Fly-Forwarded-Port
            Fly-Forwarded-Proto Fly-Forwarded-Ssl Front-End-Https Incap-Client-Ip X-Akamai-Edgescape X-Amz-Cf-Id
            X-Amzn-Oidc-Accesstoken X-Amzn-Oidc-Data X-Amzn-Oidc-Identity X-Amzn-Mtls-Clientcert
            X-Amzn-Mtls-Clientcert-Issuer X-Amzn-Mtls-Clientcert-Leaf X-Amzn-Mtls-Clientcert-Serial-Number
            X-Amzn-Mtls-Clientcert-Subject X-Amzn-Mtls-Clientcert-Validity X-Apigateway-Api-Userinfo X-Appengine-City
            X-Appengine-Country X-Appengine-Cron X-Appengine-Https X-Appengine-Inbound-Appid X-Appengine-Queuename
            X-Appengine-Region X-Appengine-Remote-Addr X-Appengine-Taskname X-Appengine-User-Email X-Appengine-User-Id
            X-Appengine-User-Ip X-Appengine-User-Is-Admin X-Appengine-User-Nickname X-Azure-Clientip X-Azure-Fdid
            X-Azure-Ref X-Azure-Socketip X-Arr-Clientcert X-Arr-Ssl X-Cdn-Src-Ip X-Goog-Authenticated-User-Email
            X-Goog-Authenticated-User-Id X-Goog-Iap-Jwt-Assertion X-Ms-Client-Principal X-Ms-Client-Principal-Id
            X-Ms-Client-Principal-Idp X-Ms-Client-Principal-Name X-Ms-Token-Aad-Access-Token X-Ms-Token-Aad-Id-Token
            X-Nf-Client-Connection-Ip X-Replit-User-Id X-Replit-User-Name X-Replit-User-Roles X-Sandstorm-User-Id
            X-Sandstorm-Username X-Sandstorm-Permissions X-Vercel-Forwarded-For X-Vercel-Ip-Country
            X-Vercel-Proxied-For
        """),
    ),
    "who has logged in, as a proxy that asks for passwords says it": (
        *_each("Remote", _PERSON),
        *_each("X-Remote", _PERSON),
        *_each("X-Auth-Request", (*_PERSON, "Access-Token", "Id-Token", "Redirect")),
        *_each("X-Authenticated", (*_PERSON, "By")),
        *_each("X-Webauth", _PERSON),
        *_each("X-Auth", (*_ACCOUNT, "Roles", "User-Id", "Userid")),
        *_each("X-Authelia", (*_ACCOUNT, "Url")),
        *_each("X-Authentik", (*_ACCOUNT, "Entitlements", "Jwt", "Meta-App", "Meta-Outpost", "Meta-Provider")),
        *_each("X-Vouch", (*_ACCOUNT, "Idp-Accesstoken", "Idp-Claims-Email", "Idp-Claims-Groups", "Idp-Idtoken")),
        *_each("X-Pomerium", ("Claim-Email", "Claim-Groups", "Claim-Name", "Claim-Sub", "Claim-User", "Jwt-Assertion")),
        *_each("X-Token-User", ("Email", "Groups", "Name")),
        *_each("X-Token", ("Groups", "Subject")),
        *_each("X-Userinfo", ("Email", "Groups", "Name", "Sub")),
        *_each("X-Oidc", (*_ACCOUNT, "Access-Token", "Claims", "Id-Token", "Sub")),
        *_each("Oidc-Claim", ("Email", "Groups", "Name", "Preferred-Username", "Sub")),
        *_each("X-Saml", (*_ACCOUNT, "Attributes", "Nameid")),
        *_each("X-Shib", ("Assertion-Count", "Identity-Provider", "Session-Id", "User")),
        *_each("Shib", ("Application-Id", "Assertion-Count", "Identity-Provider", "Session-Id")),
        *_each("X-Consumer", ("Custom-Id", "Groups", "Id", "Username")),
        *_each("X-Credential", ("Identifier", "Username")),
        *_each("Sm", ("Serversessionid", "Universalid", "User", "Userdn")),
        *_each("X-Forward", ("Email", "Groups", "User")),
        *_each("Tailscale", ("App-Capabilities", "Headers-Info", "User-Login", "User-Name", "User-Profile-Pic")),
        *_names("""
            Auth-Type Auth-User Authenticated-User Eppn Iv-Groups Iv-User Logon-User Oam-Remote-User Proxy-Remote-User
            Proxy-User Web-Auth-User X-Anonymous-Consumer X-Endpoint-Api-Userinfo X-Grafana-User X-Jwt-Assertion
            X-Ldap-User X-Logged-In-User X-Proxy-User X-Sso-User X-Userinfo X-Windows-User
        """),
    ),
    "the certificate of a visitor": (
        *("Client-Cert", "Client-Cert-Chain"),
        *_each("X-Client", tuple(part for part in _CERTIFICATE if part[:4] in ("Cert", "S-Dn", "Veri"))),
        *_each("Ssl-Client", _CERTIFICATE),
        *_each("X-Ssl-Client", _CERTIFICATE),
        *_each("X-Tls-Client", _CERTIFICATE),
        *_each("Ssl", ("Cipher", "Protocol", "Session-Id")),
        *_each("X-Ssl", ("Cert", "Cipher", "Issuer", "Protocol", "Request", "Serial", "Subject", "User", "Verify")),
        *_each("X-Tls", ("Cipher", "Protocol", "Version")),
        *("X-Certificate", "X-Clientcert", "X-Mtls-Client-Cert", "X-Ssl"),
    ),
    "another address, method or place than the one that was asked for": (
        *_names("""
            Http-Url Path-Info Path-Translated Request-Uri Script-Name Script-Filename X-Forward-For X-Forward-Host
            X-Forward-Proto X-Forwared-Host X-Http-Destinationurl X-Http-Method X-Http-Method-Override
            X-Http-Path-Override X-Method-Override Http-Method-Override X-Original-Host X-Original-Method
            X-Original-Path X-Original-Port X-Original-Proto X-Original-Scheme X-Original-Uri X-Original-Url
            X-Override-Url X-Path-Info X-Proxy-Url X-Request-Uri X-Rewrite-Uri X-Rewrite-Url X-Rewritten-Url X-Scheme
            X-Script-Name X-Server-Name X-Server-Port X-Url-Scheme Url-Scheme Wsgi-Url-Scheme X-Https Https
        """),
    ),
    "what a proxy and an app say to each other": (
        *_names("""
            Proxy Proxy-Authorization Proxy-Authenticate Proxy-Connection Proxy-Host X-Accel-Buffering X-Accel-Charset
            X-Accel-Expires X-Accel-Internal X-Accel-Limit-Rate X-Accel-Mapping X-Accel-Redirect X-Lighttpd-Send-File
            X-Litespeed-Location X-Middleware-Subrequest X-Reproxy-Url X-Sendfile X-Sendfile-Type Trailer
            Keep-Alive Te Http2-Settings
        """),
    ),
}


def directives() -> list[str]:
    """Return the lines for a server block: a comment for each family, then its names."""
    lines = []
    for family, names in FAMILIES.items():
        lines += [f"# {family}", ""]
        for name in names:
            directive = f'proxy_set_header {name} "";'
            if lines[-1] and len(lines[-1]) + len(directive) > WIDTH:
                lines.append("")
            lines[-1] = f"{lines[-1]} {directive}".lstrip()
    return lines
