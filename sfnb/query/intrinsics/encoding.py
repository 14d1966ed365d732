"""Intrinsics for encoding and hashing data."""

from __future__ import annotations

import base64
import hashlib
import re

from sfnb.errors import StatesError
from sfnb.values import Json, encode

MOST_CHARACTERS = 10_000

ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}

_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?")
"""What Java's basic decoder takes: the padding may be left out, but not a part of it."""


def base64_encode(data: str) -> str:
    """
    >>> base64_encode("Data to encode")
    'RGF0YSB0byBlbmNvZGU='

    Raises States.IntrinsicFailure when `data` has more than 10,000 characters.
    """
    _check_length(data)
    return base64.b64encode(data.encode()).decode()


def base64_decode(data: str) -> str:
    """
    >>> base64_decode("RGVjb2RlZCBkYXRh")
    'Decoded data'

    Raises States.IntrinsicFailure when `data` is no Base64, or has more than 10,000 characters.
    """
    _check_length(data)
    if _BASE64.fullmatch(data) is None:
        raise StatesError("States.IntrinsicFailure", "the string is not in Base64")
    return base64.b64decode(data + "=" * (-len(data) % 4)).decode(errors="replace")


def hash_(data: Json, algorithm: str) -> str:
    """The hash of `data` in hexadecimal digits; what is no string is hashed as compact JSON.

    algorithm: MD5, SHA-1, SHA-256, SHA-384 or SHA-512.

    >>> hash_("input data", "SHA-1")
    'aaff4a450a104cd177d28d18d74485e8cae074b7'

    Raises States.IntrinsicFailure for any other algorithm, or more than 10,000 characters.
    """
    text = data if isinstance(data, str) else encode(data)
    _check_length(text)
    if algorithm not in ALGORITHMS:
        raise StatesError(
            "States.IntrinsicFailure",
            f"the algorithm is {algorithm!r}, expected one of {', '.join(ALGORITHMS)}",
        )
    return hashlib.new(ALGORITHMS[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _check_length(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise StatesError(
            "States.IntrinsicFailure",
            f"the data has {len(text)} characters, at most {MOST_CHARACTERS} are allowed",
        )
