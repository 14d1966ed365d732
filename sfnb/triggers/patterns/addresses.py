"""IP addresses as event patterns read them: `read_address` of a text, `read_cidr` of a block.

Source: aws/event-ruler, CIDR.
"""

from __future__ import annotations

import re

_v4 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+", re.ASCII)
_v6 = re.compile(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*")

Address = tuple[int, int]
"""How many bits, 32 or 128, and the number they make."""

LONGEST = 45
"""Characters of the longest text that is an address."""


def read_address(text: str) -> Address | None:
    """The address that `text` spells; None where it spells none. Leading zeros are decimal.

    >>> read_address("10.0.0.1"), read_address("::1"), read_address("10.0.0.256")
    ((32, 167772161), (128, 1), None)
    """
    if len(text) > LONGEST:
        return None
    if _v4.fullmatch(text):
        parts = [int(part) for part in text.split(".")]
        return (32, int.from_bytes(bytes(parts), "big")) if max(parts) < 256 else None
    return _read_v6(text) if ":" in text and _v6.fullmatch(text) else None


def _read_v6(text: str) -> Address | None:
    from ipaddress import AddressValueError, IPv6Address

    try:
        address = IPv6Address(text)
    except AddressValueError:
        return None
    mapped = address.ipv4_mapped  # Java makes one of four bytes of these
    return (128, int(address)) if mapped is None else (32, int(mapped))


def read_cidr(text: str) -> tuple[Address, Address]:
    """The first and the last address of a block, `10.0.0.0/24`; raises ValueError in AWS's words.

    What is set behind the mask is taken as zero, so 10.0.0.5/24 is the same block.
    """
    address_text, slash, bits_text = text.partition("/")
    if not slash or "/" in bits_text or not address_text or not bits_text:
        raise ValueError("Malformed CIDR, one '/' required")
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", bits_text, re.ASCII):
        raise ValueError("Malformed CIDR, mask bits must be an integer")
    bits = int(bits_text)
    if bits < 0:
        raise ValueError("Malformed CIDR, mask bits must not be negative")
    address = read_address(address_text)
    if address is None:
        looks_like_one = _v4.fullmatch(address_text) or _v6.fullmatch(address_text)
        raise ValueError(f"{'Invalid' if looks_like_one else 'Nonstandard'} IP address: {address_text}")
    width, number = address
    if bits >= width:
        raise ValueError(f"IPv{4 if width == 32 else 6} mask bits must be < {width}")
    free = (1 << (width - bits)) - 1
    return (width, number & ~free), (width, number | free)
