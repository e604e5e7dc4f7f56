"""Where messages may go: to addresses of the internet, and not inside the network that the center runs in.

A name is judged by the addresses it has at that moment, and the connection goes to one of those that were judged, so
that no name can lead elsewhere between the two. Ranges are IANA's special-purpose registries (RFC 6890 and its
updates), and what clouds keep for themselves.
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop as _

INSIDE_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, and unspecified
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared with a carrier
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own services
        "169.254.0.0/16",  # link-local, metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
GLOBAL_6 = IPv6Network("2000::/3")
INSIDE_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # the IETF's own, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
)
MAPPED = IPv6Network("::ffff:0:0/96")
NAT64 = IPv6Network("64:ff9b::/96")


class Unreachable(Exception):
    """Nothing can be sent there; the sentence says why."""


@dataclass(frozen=True)
class Address:
    """One of a host's addresses, as a socket takes it."""

    family: socket.AddressFamily
    at: tuple[Any, ...]


def is_inside(address: IPv4Address | IPv6Address) -> bool:
    """Whether `address` is none of the internet's: of a machine, a network or a cloud itself."""
    if isinstance(address, IPv4Address):
        return any(address in network for network in INSIDE_4)
    if address in MAPPED or address in NAT64:
        return is_inside(IPv4Address(int(address) & 0xFFFFFFFF))
    return address not in GLOBAL_6 or any(address in network for network in INSIDE_6)


def is_written_inside(host: str) -> bool:
    """Whether `host` is inside as it is written: as a number, or as the name that every machine has for itself. No
    name server is asked."""
    if f".{host.rstrip('.').lower()}".endswith(".localhost"):
        return True
    try:
        return any(_is_inside(address) for address in _find(host, 0, socket.AI_NUMERICHOST))
    except (OSError, UnicodeError):
        return False


def resolve(host: str, port: int) -> list[Address]:
    """The addresses of `host`. Unreachable where it has none, or one of them is inside and CCAI_WEBHOOK_ALLOW_PRIVATE
    does not allow that."""
    try:
        addresses = _find(host, port)
    except (OSError, UnicodeError):
        raise Unreachable(_("The name of its host is not known.")) from None
    if not settings.CCAI_WEBHOOK_ALLOW_PRIVATE and any(_is_inside(address) for address in addresses):
        raise Unreachable(_("Its host is inside this network, where nothing is sent."))
    return addresses


def _find(host: str, port: int, flags: int = 0) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [Address(family, at) for family, _type, _protocol, _name, at in found]


def _is_inside(address: Address) -> bool:
    # A zone, as in fe80::1%eth0, is said apart from the number.
    return is_inside(ip_address(str(address.at[0]).partition("%")[0]))
