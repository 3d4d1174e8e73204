"""Which addresses our servers may call for a person: public ones alone, however the address is spelt.

The lists are those of IANA's special-purpose registries (RFC 6890): https://www.iana.org/assignments/iana-ipv4-special-registry,
https://www.iana.org/assignments/iana-ipv6-special-registry.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

from shared.core.errors import InvalidArgumentError

Address: TypeAlias = IPv4Address | IPv6Address

_SPECIAL_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own services, seen from inside it alone, though the address is a public one.
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# What the world may reach lies in 2000::/3 (RFC 4291, section 2.4), so IPv4-mapped, IPv4-compatible and NAT64 addresses do not.
# These lie inside it, and carry an IPv4 address (6to4, Teredo) or are no hosts.
_GLOBAL_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
# What is one's own machine and network (RFC 1918, RFC 4193). Whatever else is special stays so: clouds tell their secrets at
# 169.254.169.254 and, Amazon's, at fd00:ec2::254.
_OWN_V4 = tuple(IPv4Network(network) for network in ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_OWN_V6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))
_SECRETS_V6 = IPv6Network("fd00:ec2::/32")
# Names that mean this machine or its network without asking the world's DNS: RFC 6761, RFC 6762, RFC 8375, and the clouds'.
_LOCAL_NAMES = re.compile(r"(?:.*\.)?(?:localhost|local|localdomain|internal|intranet|lan|home\.arpa|in-addr\.arpa|ip6\.arpa)")
_NAME = re.compile(r"[a-z0-9._-]+")
_DNS_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
# An authority may hold nobody's name or password, and no backslash, which some parsers take for the end of it.
_BASE_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/?#\\@:\[\]]+)(?P<port>:[0-9]{1,5})?(?P<path>/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*)?"
)
# As browsers and inet_aton read a number: 0x and hexadecimal, a leading 0 and octal, else decimal.
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_PORTS = {"https": 443, "http": 80}
# Below it live mail, name and remote-shell servers, which a request could be made to speak to.
_FIRST_FREE_PORT = 1024
_MOST_PARTS = 4
_BYTE = 256


def is_public(address: Address) -> bool:
    """Whether anybody's server may live there."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    # A zone (fe80::1%eth0) names an interface of this machine.
    return address.scope_id is None and address in _GLOBAL_V6 and not any(address in network for network in _SPECIAL_V6)


def is_own(address: Address) -> bool:
    """Whether it is this machine's, or of the private network around it."""
    if isinstance(address, IPv4Address):
        return any(address in network for network in _OWN_V4)
    return address.scope_id is None and any(address in network for network in _OWN_V6) and address not in _SECRETS_V6


def read_host(spelt: str) -> Address | str:
    """The host of a URL: the address that it spells, in any spelling that some resolver takes, else the name as DNS knows it.

    Raises ValueError for what is neither.
    """
    if spelt.startswith("["):
        return IPv6Address(spelt.removeprefix("[").removesuffix("]"))
    if ":" in spelt:
        return IPv6Address(spelt)
    # Nameprep folds full-width digits and letters in circles, with which an address or a name can be spelt too.
    name = spelt.encode("idna").decode("ascii").lower().removesuffix(".")
    if not _NAME.fullmatch(name):
        raise ValueError("the host is no name")
    return _read_numbers(name) if _ends_in_a_number(name) else name


def may_be_called(host: Address | str, *, allow_private: bool = False) -> bool:
    """Whether the address is public, or the name one of the public DNS; what such a name leads to must be looked at too.

    With `allow_private`, for a developer's own machine, one's own network is called as well, and every name.
    """
    if not isinstance(host, str):
        return is_public(host) or (allow_private and is_own(host))
    return allow_private or (_DNS_NAME.fullmatch(host) is not None and _LOCAL_NAMES.fullmatch(host) is None)


def base_url(text: str, *, allow_private: bool) -> str:
    """The address of somebody's API in one spelling, without a slash at its end. Raises InvalidArgumentError (field base_url).

    https and a public host, unless `allow_private`, with which http and hosts of one's own network pass too.
    """
    spelt = _BASE_URL.fullmatch(text)
    if spelt is None or (spelt["scheme"] != "https" and not allow_private):
        raise _wrong("must be https://host/path, without a user, a query or a fragment")
    port = int(spelt["port"][1:]) if spelt["port"] else _PORTS[spelt["scheme"]]
    if port != _PORTS[spelt["scheme"]] and not _FIRST_FREE_PORT <= port < 2**16:
        raise _wrong(f"must have the usual port, or one from {_FIRST_FREE_PORT} on")
    try:
        host = read_host(spelt["host"])
    except ValueError as error:
        raise _wrong("must name a host") from error
    if not may_be_called(host, allow_private=allow_private):
        raise _wrong("must be reachable from the internet; private and local addresses are not called")
    return f"{spelt['scheme']}://{_written(host)}{spelt['port'] or ''}{(spelt['path'] or '').rstrip('/')}"


def _written(host: Address | str) -> str:
    return f"[{host}]" if isinstance(host, IPv6Address) else str(host)


def _wrong(expectation: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"base_url {expectation}.", field="base_url")


def _ends_in_a_number(name: str) -> bool:
    return _NUMBER.fullmatch(name.rpartition(".")[2]) is not None


def _read_numbers(name: str) -> IPv4Address:
    """As inet_aton and browsers read one to four numbers, of which the last fills what is left (127.1, 2130706433, 0x7f.1).

    https://url.spec.whatwg.org/#concept-ipv4-parser; raises ValueError for what overflows or is no number.
    """
    parts = name.split(".")
    if len(parts) > _MOST_PARTS:
        raise ValueError("an address has four numbers at most")
    *leading, last = (_number(part) for part in parts)
    if any(number >= _BYTE for number in leading) or last >= _BYTE ** (_MOST_PARTS - len(leading)):
        raise ValueError("a number of the address is too large")
    return IPv4Address(sum(number << (24 - 8 * place) for place, number in enumerate(leading)) + last)


def _number(part: str) -> int:
    if not _NUMBER.fullmatch(part):
        raise ValueError("a part of the address is no number")
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if part.startswith("0") else int(part)
