"""Patterns read: `read_branches` makes of a text what a pattern asks for.

A pattern comes to one or more *branches*, one for each way through its `$or`s; an event matches if it matches
a branch. A branch says of each field, by its path, what it may be. A field that is named again in a branch is
asked for what was said last, whether by a repeated key, by an `$or` or by a name with dots: `{"a.b": ..}` is
`{"a": {"b": ..}}`.
Source: aws/event-ruler, JsonRuleCompiler, whose words the refusals are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from sfnb.triggers.patterns import operators
from sfnb.triggers.patterns.operators import Operator
from sfnb.triggers.patterns.tokens import Tokens

MOST_BRANCHES = 1_000
MOST_LEVELS = 100

RESERVED = frozenset(
    (
        *(
            "exactly",
            "equals-ignore-case",
            "prefix",
            "suffix",
            "anything-but",
            "exists",
            "wildcard",
            "numeric",
        ),
        *("cidr", "html", "=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"),
        *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
        *("ip-address-in-range", "ip-address-not-in-range"),
    )
)
"""What no field within an `$or` may be called."""


class Wanted(msgspec.Struct, frozen=True, eq=False):
    """What a field may be: any of `operators`. text: as the pattern writes it."""

    text: str
    operators: tuple[Operator, ...]


Branch = dict[str, Wanted]
"""What is wanted of each field, by its path: names joined by dots."""


def read_branches(text: str) -> list[Branch]:
    """The branches of a pattern; raises InvalidEventPattern for the first thing that is wrong with it."""
    tokens = Tokens(text)
    if not text.strip() or tokens.next() != "{":
        tokens.refuse("Filter is not an object")
    branches = _read_object(tokens, [{}], in_or=False)
    tokens.finish()
    return branches


def _read_object(tokens: Tokens, branches: list[Branch], *, in_or: bool) -> list[Branch]:
    """`"name": object | array`, one or more, and `}`. Adds to `branches`, or returns what they fork to."""
    if len(tokens.path) > MOST_LEVELS:
        tokens.refuse(f"It is nested more than {MOST_LEVELS} levels deep")
    outer = tokens.path
    empty = True
    while tokens.next() != "}":
        empty = False
        name = tokens.name
        if name == "$or":
            branches = _read_or(tokens, branches)
            continue
        tokens.path = (*outer, name)
        if in_or and name in RESERVED:
            tokens.refuse(f"{name} is Ruler reserved fieldName which cannot be used inside $or.")
        match tokens.next():
            case "{":
                branches = _read_object(tokens, branches, in_or=in_or)
            case "[":
                wanted = _read_wanted(tokens)
                path = ".".join(tokens.path)
                if path.count(".") > MOST_LEVELS:
                    tokens.refuse(f"It is nested more than {MOST_LEVELS} levels deep")
                for branch in branches:
                    branch[path] = wanted
            case _:
                tokens.refuse(f'"{name}" must be an object or an array')
        tokens.path = outer
    if empty:
        tokens.refuse("Empty objects are not allowed")
    return branches


def _read_or(tokens: Tokens, branches: list[Branch]) -> list[Branch]:
    """`[` object, two or more, `]`: the branches so far, each with every one of them."""
    if tokens.next() != "[":
        tokens.refuse("It must be an Array followed with $or.")
    outer = tokens.path
    forked: list[Branch] = []
    count = 0
    while tokens.next() != "]":
        count += 1
        if tokens.kind != "{":
            tokens.refuse("Only JSON object is allowed in array of $or relationship.")
        forked += _read_object(tokens, [dict(branch) for branch in branches], in_or=True)
        tokens.path = outer
        if len(forked) > MOST_BRANCHES:
            tokens.refuse(f"Its $or make more than {MOST_BRANCHES:,} combinations")
    if count < 2:
        tokens.refuse("There must have at least 2 Objects in $or relationship.")
    return forked


def _read_wanted(tokens: Tokens) -> Wanted:
    """Values and operators, one or more, and `]`."""
    start = tokens.start
    found: list[Operator] = []
    while tokens.next() != "]":
        match tokens.kind:
            case "{":
                found.append(_read_operator(tokens))
            case "[":
                tokens.refuse("Match value must be String, number, true, false, or null")
            case _:
                found.append(operators.exactly(_scalar(tokens)))
    if not found:
        tokens.refuse("Empty arrays are not allowed")
    return Wanted(tokens.source[start : tokens.end], tuple(found))


def _scalar(tokens: Tokens) -> None | bool | int | float | str:
    match tokens.kind:
        case "string":
            return tokens.text
        case "number":
            return _number(tokens.text)
        case kind:
            return {"true": True, "false": False}.get(kind)


def _number(text: str) -> int | float:
    return float(text) if any(sign in text for sign in ".eE") else _integer(text)


def _integer(text: str) -> int | float:
    return int(text) if len(text) < 400 else float(text)  # beyond all doubles anyway, and slow to read


def _read_operator(tokens: Tokens) -> Operator:
    """`"operator": value }`."""
    if tokens.next() != "name":
        tokens.refuse("Match expression name not found")
    reader = READERS.get(tokens.name)
    if reader is None:
        tokens.refuse(f"Unrecognized match type {tokens.name}")
    return reader(tokens)


def _close(tokens: Tokens, reason: str = "Only one key allowed in match expression") -> None:
    if tokens.next() != "}":
        tokens.refuse(reason)


def _read_text(tokens: Tokens, reason: str) -> str:
    if tokens.kind != "string":
        tokens.refuse(reason)
    return tokens.text


def _read_exactly(tokens: Tokens) -> Operator:
    tokens.next()
    value = _read_text(tokens, "exact match pattern must be a string")
    _close(tokens)
    return operators.exactly(value)


def _read_prefix(tokens: Tokens) -> Operator:
    return _read_end(tokens, "prefix", operators.begins_with)


def _read_suffix(tokens: Tokens) -> Operator:
    return _read_end(tokens, "suffix", operators.ends_with)


def _read_end(tokens: Tokens, name: str, make: Callable[..., Operator]) -> Operator:
    """A text, or `{"equals-ignore-case": text}`."""
    if tokens.next() != "{":
        text = _read_text(tokens, f"{name} match pattern must be a string")
        _close(tokens)
        return make(text)
    if tokens.next() != "name":
        tokens.refuse(f"{name.capitalize()} expression name not found")
    if tokens.name != "equals-ignore-case":
        tokens.refuse(f"Unsupported {name} pattern: {tokens.name}")
    tokens.next()
    text = _read_text(tokens, "equals-ignore-case match pattern must be a string")
    _close(tokens)
    _close(tokens)
    return make(text, in_any_case=True)


def _read_equals_ignore_case(tokens: Tokens) -> Operator:
    tokens.next()
    text = _read_text(tokens, "equals-ignore-case match pattern must be a string")
    _close(tokens)
    return operators.equals_in_any_case(text)


def _read_wildcard(tokens: Tokens) -> Operator:
    tokens.next()
    text = _read_text(tokens, "wildcard match pattern must be a string")
    operator = _like(tokens, text)
    _close(tokens)
    return operator


def _like(tokens: Tokens, text: str) -> Operator:
    try:
        return operators.is_like(text)
    except ValueError as wrong:
        tokens.refuse(str(wrong))


def _read_cidr(tokens: Tokens) -> Operator:
    tokens.next()
    text = _read_text(tokens, "prefix match pattern must be a string")
    try:
        operator = operators.is_in_block(text)
    except ValueError as wrong:
        tokens.refuse(str(wrong), placed=False)
    _close(tokens)
    return operator


def _read_exists(tokens: Tokens) -> Operator:
    kind = tokens.next()
    if kind not in ("true", "false"):
        tokens.refuse("exists match pattern must be either true or false.")
    _close(tokens)
    return operators.is_present() if kind == "true" else operators.is_absent()


def _read_numeric(tokens: Tokens) -> Operator:
    """`[` `=` number | `<` number | `<=` number | `>` number (`<` number)? ... `]`."""
    if tokens.next() != "[":
        tokens.refuse("Value of numeric must be an array.")
    if tokens.next() != "string":
        tokens.refuse(f"Invalid member in numeric match: {tokens.text}")
    sign = tokens.text
    tokens.next()
    if sign not in ("=", "<", "<=", ">", ">="):
        tokens.refuse(f"Unrecognized numeric range operator: {sign}")
    number = _read_bound(tokens, sign)
    bound = (sign, number)
    closed = tokens.next() == "]"
    if sign in (">", ">=") and not closed:
        operator = operators.is_number(bound, _read_top(tokens, number))
    elif not closed:
        tokens.refuse("Too many elements in numeric expression")
    elif sign == "=":
        operator = operators.is_number(equal=number)
    else:
        operator = operators.is_number(bound) if sign in (">", ">=") else operators.is_number(top=bound)
    _close(tokens, "Too many elements in numeric expression")
    return operator


def _read_top(tokens: Tokens, bottom: float) -> tuple[str, float]:
    """`<` or `<=`, its number, and `]`."""
    if tokens.kind != "string":
        tokens.refuse(f"Bad value in numeric range: {tokens.text}")
    sign = tokens.text
    if sign not in ("<", "<="):
        tokens.refuse(f"Bad numeric range operator: {sign}")
    tokens.next()
    top = _read_bound(tokens, sign)
    if tokens.next() != "]":
        tokens.refuse("Too many terms in numeric range expression")
    if bottom >= top:
        tokens.refuse("Bottom must be less than top")
    return sign, top


def _read_bound(tokens: Tokens, sign: str) -> float:
    if tokens.kind != "number":
        tokens.refuse(f"Value of {'equals' if sign == '=' else sign} must be numeric")
    text = tokens.text
    number = float(text)
    vanished = number == 0 and any(digit in text.lower().partition("e")[0] for digit in "123456789")
    if abs(number) == float("inf") or vanished:
        tokens.refuse(f"Value must be a number that a double can hold: {text}")
    return number


_BUT: dict[str, Callable[[Tokens, str], Operator]] = {
    "prefix": lambda tokens, text: operators.begins_with(_not_empty(tokens, text)),
    "suffix": lambda tokens, text: operators.ends_with(_not_empty(tokens, text)),
    "equals-ignore-case": lambda tokens, text: operators.equals_in_any_case(text),
    "wildcard": _like,
}


def _not_empty(tokens: Tokens, text: str) -> str:
    if not text:
        tokens.refuse("Null prefix/suffix not allowed")
    return text


def _read_anything_but(tokens: Tokens) -> Operator:
    """A text, a number, an array of either, or `{"prefix" | .. : text or array of texts}`."""
    make = None
    inner = ""
    if tokens.next() == "{":
        if tokens.next() != "name":
            tokens.refuse("Anything-But expression name not found")
        inner = tokens.name
        make = _BUT.get(inner)
        if make is None:
            tokens.refuse(f"Unsupported anything-but pattern: {inner}")
        tokens.next()
    if tokens.kind not in ("[", "string", "number"):
        tokens.refuse("Value of anything-but must be an array or single string/number value.")
    operator = _read_values(tokens) if make is None else _read_texts(tokens, inner, make)
    _close(tokens, "Too many elements in numeric expression")
    if make is not None:
        _close(tokens, "Too many elements in numeric expression")
    return operator


def _read_values(tokens: Tokens) -> Operator:
    """Texts only, or numbers only."""
    texts: list[str] = []
    numbers: list[Operator] = []
    for kind in _items(tokens):
        if kind == "string":
            texts.append(tokens.text)
        elif kind == "number":
            numbers.append(operators.exactly(_read_bound(tokens, "anything-but")))
        else:
            tokens.refuse("Inside anything but list, start|null|boolean is not supported.")
    if bool(texts) == bool(numbers):
        tokens.refuse(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    return operators.none_of(numbers) if numbers else operators.none_of_texts(texts)


_TEXTS_ONLY = {
    "equals-ignore-case": (
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
    ),
    "wildcard": "wildcard match pattern must be a string",
}


def _read_texts(tokens: Tokens, inner: str, make: Callable[[Tokens, str], Operator]) -> Operator:
    reason = _TEXTS_ONLY.get(inner, "prefix/suffix match pattern must be a string")
    return operators.none_of([make(tokens, _read_text(tokens, reason)) for _ in _items(tokens)])


def _items(tokens: Tokens) -> Iterator[str]:
    """The kind of each item of an array, as it is read; of a single value, its own."""
    if tokens.kind != "[":
        yield tokens.kind
        return
    while tokens.next() != "]":
        yield tokens.kind


READERS: dict[str, Callable[[Tokens], Operator]] = {
    "exactly": _read_exactly,
    "prefix": _read_prefix,
    "suffix": _read_suffix,
    "equals-ignore-case": _read_equals_ignore_case,
    "wildcard": _read_wildcard,
    "anything-but": _read_anything_but,
    "numeric": _read_numeric,
    "exists": _read_exists,
    "cidr": _read_cidr,
}
"""What may stand in an object within a field's array."""
