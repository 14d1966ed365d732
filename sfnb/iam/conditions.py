"""The condition operators of policies.

Source: IAM user guide, "IAM JSON policy elements: Condition operators", "Multivalued context keys".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

Context = Mapping[str, Sequence[str]]
"""What a request is known to be, by condition key."""

Test = Callable[[str, str], bool]
"""Whether a value of the request meets one of the policy: (found, wanted)."""

_variable = re.compile(r"\$\{([^}]+)\}")
_LITERAL = {"*": "*", "?": "?", "$": "$"}
_STAR, _MARK = "\ue000", "\ue001"
"""Stand for characters that a variable put into a pattern: they are no wildcards there."""


def matches(pattern: str, text: str) -> bool:
    """`*` stands for any characters, `?` for one.

    >>> matches("arn:aws:sqs:*:order?", "arn:aws:sqs:us-east-1:1:orders"), matches("a", "A")
    (True, False)
    """
    return re.fullmatch(_regex(pattern), text, re.DOTALL) is not None


def _regex(pattern: str) -> str:
    words = {"*": ".*", "?": ".", _STAR: r"\*", _MARK: r"\?"}
    return "".join(words.get(char) or re.escape(char) for char in pattern)


def filled(pattern: str, context: Context) -> str | None:
    """The pattern with its variables; None where one has no value, which matches nothing.

    >>> filled("home/${aws:username}", {"aws:username": ["ann"]})
    'home/ann'
    >>> filled("${a:b, 'x'}", {}), filled("${a:b}", {})
    ('x', None)
    """
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = found[1].partition(",")
        if name in _LITERAL:
            return _quoted(name)
        values = lookup(context, name.strip())
        if values:
            return _quoted(values[0])
        missing = missing or not default
        return _quoted(default.strip().strip("'"))

    text = _variable.sub(value, pattern)
    return None if missing else text


def _quoted(text: str) -> str:
    return text.replace("*", _STAR).replace("?", _MARK)


def lookup(context: Context, key: str) -> Sequence[str]:
    """Keys are the same in small letters."""
    if key in context:
        return context[key]
    small = key.lower()
    return next((value for name, value in context.items() if name.lower() == small), ())


def _arn_matches(found: str, wanted: str) -> bool:
    """Each of the six parts for itself: a star does not reach beyond a colon, but in the last."""
    if not wanted.startswith("arn:"):
        return matches(wanted, found)
    theirs, ours = found.split(":", 5), wanted.split(":", 5)
    return len(theirs) == len(ours) and all(matches(w, f) for w, f in zip(ours, theirs, strict=True))


def _number(compare: Callable[[float, float], bool]) -> Test:
    def test(found: str, wanted: str) -> bool:
        try:
            return compare(float(found), float(wanted))
        except ValueError:
            return False

    return test


def _date(compare: Callable[[float, float], bool]) -> Test:
    def test(found: str, wanted: str) -> bool:
        try:
            return compare(_seconds(found), _seconds(wanted))
        except ValueError:
            return False

    return test


def _seconds(text: str) -> float:
    """A moment in ISO 8601, or in seconds since 1970."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _in_network(found: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(found) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


KINDS: dict[str, tuple[Test, bool]] = {
    "StringEquals": (lambda found, wanted: found == wanted, False),
    "StringNotEquals": (lambda found, wanted: found == wanted, True),
    "StringEqualsIgnoreCase": (lambda found, wanted: found.lower() == wanted.lower(), False),
    "StringNotEqualsIgnoreCase": (lambda found, wanted: found.lower() == wanted.lower(), True),
    "StringLike": (lambda found, wanted: matches(wanted, found), False),
    "StringNotLike": (lambda found, wanted: matches(wanted, found), True),
    "NumericEquals": (_number(lambda found, wanted: found == wanted), False),
    "NumericNotEquals": (_number(lambda found, wanted: found == wanted), True),
    "NumericLessThan": (_number(lambda found, wanted: found < wanted), False),
    "NumericLessThanEquals": (_number(lambda found, wanted: found <= wanted), False),
    "NumericGreaterThan": (_number(lambda found, wanted: found > wanted), False),
    "NumericGreaterThanEquals": (_number(lambda found, wanted: found >= wanted), False),
    "DateEquals": (_date(lambda found, wanted: found == wanted), False),
    "DateNotEquals": (_date(lambda found, wanted: found == wanted), True),
    "DateLessThan": (_date(lambda found, wanted: found < wanted), False),
    "DateLessThanEquals": (_date(lambda found, wanted: found <= wanted), False),
    "DateGreaterThan": (_date(lambda found, wanted: found > wanted), False),
    "DateGreaterThanEquals": (_date(lambda found, wanted: found >= wanted), False),
    "Bool": (lambda found, wanted: found.lower() == wanted.lower(), False),
    "BinaryEquals": (lambda found, wanted: found == wanted, False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
    "ArnEquals": (_arn_matches, False),
    "ArnLike": (_arn_matches, False),
    "ArnNotEquals": (_arn_matches, True),
    "ArnNotLike": (_arn_matches, True),
    "Null": (lambda found, wanted: False, False),
}
"""By operator: what is tested, and whether it is met where the test fails on every value."""

_WITH_PATTERNS = {"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"}


def kind_of(operator: str) -> str | None:
    """The operator without `ForAnyValue:` and `IfExists`; None where there is none of this name."""
    name = operator.rpartition(":")[2]
    prefix = operator[: len(operator) - len(name)]
    bare = name.removesuffix("IfExists")
    if prefix not in ("", "ForAnyValue:", "ForAllValues:") or bare not in KINDS:
        return None
    return None if bare == "Null" and (prefix or name != bare) else bare


def meets(operator: str, key: str, wanted: Sequence[str], context: Context) -> bool:
    """Whether a request meets one condition.

    A key that the request does not have meets what is negated, what has `IfExists`, and `ForAllValues`.
    """
    kind = kind_of(operator)
    assert kind is not None
    found = lookup(context, key)
    if kind == "Null":
        return any((not found) == (each.lower() == "true") for each in wanted)
    test, negated = KINDS[kind]
    values = [value for each in wanted if (value := _wanted(kind, each, context)) is not None]
    if not found:
        for_any = operator.startswith("ForAnyValue:")
        return (
            operator.endswith("IfExists") or operator.startswith("ForAllValues:") or (negated and not for_any)
        )
    met = [any(test(each, value) for value in values) != negated for each in found]
    return any(met) if operator.startswith("ForAnyValue:") else all(met)


def _wanted(kind: str, value: str, context: Context) -> str | None:
    """A value with its variables; where nothing is a wildcard, a star that one brought is a star."""
    text = filled(value, context) if "${" in value else value
    if text is not None and kind in _WITH_PATTERNS:
        return text.replace(_STAR, "*").replace(_MARK, "?")
    return text
