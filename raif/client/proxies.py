"""The proxies of the environment: which requests go through one, and what to say where that fails."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def is_here(url: str | None) -> bool:
    """Whether a server is on this machine, where no proxy must come between."""
    host = urlsplit(str(url)).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"


def said_of_proxy(url: str | None) -> str:
    """What to tell the user if requests to a server go through a proxy; else empty.

    The proxy's address can hold a password, and isn't shown.
    """
    address, named = urlsplit(str(url)), getproxies()
    scheme = next((name for name in (address.scheme, "all") if name in named), None)
    if scheme is None or is_here(url) or proxy_bypass(address.netloc.rpartition("@")[2]):
        return ""
    return (
        f" Requests to it go through a proxy, by the environment variable {scheme}_proxy. For a server of "
        f"your own, put {address.hostname} into no_proxy."
    )
