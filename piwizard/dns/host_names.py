"""Check that the host names of a site point to this Pi."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from piwizard.dns.points_here import check_host, check_local, is_public, resolve_locally
from piwizard.network import public_ip
from piwizard.network.public_ip import PublicIp
from piwizard.system.checks import Check
from piwizard.system.facts import Network


def check_names(domains: Iterable[str], network: Network, *, local: bool) -> Iterator[Check]:
    """Check each host name that the Internet can resolve.

    The public IP is requested once, and only if needed.

    `local`: a name that this machine resolves only to local IPs is checked by those, as visitors at home use them.
    """
    interfaces = network.interfaces or ()
    own = [one.address for each in interfaces for one in each.addresses]
    public: PublicIp | None = None
    for host in filter(is_public, domains):
        if local and (check := check_local(host, resolve_locally(host), own)):
            yield check
            continue
        public = public or public_ip.find_public_ip(4)
        yield from check_host(host, interfaces, public.address, public.reason)
