"""HTTP to addresses that somebody else named: only public ones are called, and the one looked at is the one called.

The host is resolved once, every address of it is judged, and the connection goes to that very address: a name that
answers differently the second time gains nothing. Private networks in `settings.REACHABLE_NETWORKS` may be called too,
for installations whose own systems live there. Redirects are for the caller to follow, each as a call of its own.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, Final

import httpcore
import httpx
from django.conf import settings

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 15.0

logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells every address that it calls, and some hold tokens

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class PrivateAddress(httpcore.ConnectError):
    """The host lies in a network that is not public: this machine, its neighbours, a cloud's metadata service."""


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could call it; an IPv4 address that travels inside IPv6 counts as itself."""
    inner = _embedded(address)
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def _embedded(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None) or address


def is_reachable(address: Address, host: str = "", trusted_hosts: Collection[str] = ()) -> bool:
    """Public, in a network that the operator opened, or of a host that the operator typed in."""
    return (
        is_public(address)
        or host.lower() in trusted_hosts
        or any(address in network for network in _networks(tuple(settings.REACHABLE_NETWORKS)))
    )


@lru_cache(maxsize=8)
def _networks(named: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(name, strict=False) for name in named)


def public_client(*, trusted_hosts: Collection[str] = (), read_seconds: float = READ_SECONDS) -> httpx.Client:
    """A client that follows no redirect, obeys no proxy variable and calls no private address."""
    return httpx.Client(
        transport=_PublicTransport(frozenset(host.lower() for host in trusted_hosts)),
        timeout=httpx.Timeout(read_seconds, connect=CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
    )


class _PublicTransport(httpx.HTTPTransport):
    """httpx offers no way to give its pool a network backend, so the pool is replaced."""

    def __init__(self, trusted_hosts: frozenset[str]) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(), max_connections=16, network_backend=_PublicNetwork(trusted_hosts)
        )


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


class _PublicNetwork(httpcore.SyncBackend):
    def __init__(self, trusted_hosts: frozenset[str]) -> None:
        self._trusted_hosts = trusted_hosts

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = self._resolved(host, port)
        return super().connect_tcp(address, port, timeout, local_address, socket_options)

    def _resolved(self, host: str, port: int) -> str:
        """One address of the host; none if any of them is private: a name with both is made to deceive."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} has no address") from error
        addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
        for address in addresses:
            if not is_reachable(ipaddress.ip_address(address), host, self._trusted_hosts):
                raise PrivateAddress(f"{host} lies at {address}, which is not a public address")
        return addresses[0]


def is_private_refusal(error: BaseException | None) -> bool:
    """Whether a failed call never left because of the address; httpx wraps the cause."""
    while error is not None:
        if isinstance(error, PrivateAddress):
            return True
        error = error.__cause__ or error.__context__
    return False
