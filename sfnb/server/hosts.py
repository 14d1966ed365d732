"""Which requests may come in by the names that they carry.

A page of the web can make a browser send requests to this machine: with `Origin` it says who asks, and a
name that was rebound to a loopback address still stands in `Host`. Both have to name this server.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from sfnb.errors import SfnbError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
WILDCARDS = frozenset({"0.0.0.0", "::", ""})
HOST_PREFIX = "sync-"
"""What SDKs put before the host for StartSyncExecution and TestState."""


class ForeignRequest(SfnbError):
    """A request that was meant for another host, or that another site's page sent."""


class Hosts:
    """The names that a server goes by.

    bound: the address that it listens at; where that is every address, any may be asked for by its number.
    more: further names, without ports; "*" lets every name in.
    """

    def __init__(self, bound: str, more: Sequence[str] = ()) -> None:
        names = {bound.lower(), *(name.lower().strip("[]") for name in more)}
        self._names = (LOOPBACK | names) - {""}  # the name of an origin that is none: "null"
        self._any_address = bound in WILDCARDS
        self._any = "*" in more

    def check(self, host: str | None, origin: str | None, site: str | None = None) -> None:
        """Raises ForeignRequest.

        host, origin, site: the headers Host, Origin and Sec-Fetch-Site.
        """
        if self._any:
            return
        if host is None or not self._is_ours(_bare(host)):
            raise ForeignRequest(
                f"the request is for the host '{host or ''}', which is no name of this server's; "
                "`sfnb serve --allow-host NAME` gives it one more"
            )
        if site == "cross-site" or (origin is not None and not self._is_ours(_of_origin(origin))):
            raise ForeignRequest(f"pages of '{origin or 'other sites'}' may not call this server")

    def _is_ours(self, name: str) -> bool:
        for each in (name, name.removeprefix(HOST_PREFIX)):
            if each in self._names or each.endswith(".localhost"):  # which is a loopback address by RFC 6761
                return True
            if self._any_address and _is_address(each):  # no name, so none that was rebound
                return True
        return False


def is_loopback(bound: str) -> bool:
    """
    >>> is_loopback("127.0.0.2"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    return bound in LOOPBACK or (_is_address(bound) and ip_address(bound).is_loopback)


def _bare(host: str) -> str:
    """A Host header without its port.

    >>> _bare("[::1]:8083"), _bare("LocalHost:80"), _bare("localhost.")
    ('::1', 'localhost', 'localhost')
    """
    if host.startswith(("[", f"{HOST_PREFIX}[")):
        name, _, rest = host.replace("[", "").partition("]")
        return name.lower() if not rest or rest.startswith(":") else host
    name, _, _ = host.partition(":")
    return name.lower().removesuffix(".")


def _of_origin(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
