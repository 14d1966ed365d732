"""Functions that hash, encode and decode.

Source: AWS IoT developer guide, "Functions".
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from sfnb.triggers.iot.sql.values import UNDEFINED, Absence, Value, to_text
from sfnb.values import decode as decode_json


def md5(text: str) -> str:
    """The MD5 of `text`, in hexadecimal digits, as of the other hashes."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def sha1(text: str) -> str:
    """The SHA-1 of `text`."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def sha224(text: str) -> str:
    """The SHA-224 of `text`."""
    return hashlib.sha224(text.encode()).hexdigest()


def sha256(text: str) -> str:
    """The SHA-256 of `text`."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha384(text: str) -> str:
    """The SHA-384 of `text`."""
    return hashlib.sha384(text.encode()).hexdigest()


def sha512(text: str) -> str:
    """The SHA-512 of `text`."""
    return hashlib.sha512(text.encode()).hexdigest()


def encode(value: Value, scheme: str) -> str | Absence:
    """`value`, or for `*` the payload as it came, in base64.

    >>> encode("hi", "base64")
    'aGk='
    """
    content = value if isinstance(value, bytes) else to_text(value)
    if isinstance(content, Absence) or scheme != "base64":
        return UNDEFINED
    return base64.b64encode(content.encode() if isinstance(content, str) else content).decode()


def decode(text: str, scheme: str) -> Value:
    """What base64 `text` says: a JSON value if it is JSON, otherwise a String, Null if it is no base64.

    >>> decode("eyAidGVtcGVyYXR1cmUiOiAzMyB9Cg==", "base64")
    {'temperature': 33}
    """
    if scheme != "base64":
        return UNDEFINED
    try:
        content = base64.b64decode(text, validate=True)
        decoded = content.decode()
    except (binascii.Error, ValueError):
        return None
    try:
        return decode_json(content)
    except (ValueError, RecursionError):
        return decoded
