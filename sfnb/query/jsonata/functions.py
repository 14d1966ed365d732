"""The functions that Step Functions adds to JSONata, and two that it must not leave as they are.

Each is a plain function on plain values. Its signature is JSONata's: the evaluator checks arguments by
it (T0410), so a function sees the types it declares, and None for an argument that is undefined.
`$keys` and `$distinct` are here because the library compares every pair of items, for minutes where
there are a hundred thousand, and cannot be interrupted while it does.

Source: AWS Step Functions guide, "Transforming data with JSONata"; answers of AWS quoted in floci#2662
and floci#2676: a decimal is cut towards zero, `$range` is not bound to the 1,000 items of
`States.ArrayRange`, `$partition` of a negative size is an error.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from sfnb.query.java import next_double
from sfnb.query.jsonata.failures import QueryError, too_large
from sfnb.query.roots import Chance
from sfnb.values import Json, decode

MOST_ITEMS: Final = 436_891
"""Of one `$range`: AWS takes 200,000 and refuses 500,000; half of the numbers a literal range may have."""

ALGORITHMS: Final = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}

Number = int | float
Function = Callable[..., Json]

_identity = msgspec.json.Encoder(order="sorted").encode


def partition(array: list[Json] | None, size: Number | None) -> Json:
    """Cut `array` into runs of `size` items; the last run may be shorter.

    >>> partition([1, 2, 3, 4, 5], 2.9)
    [[1, 2], [3, 4], [5]]
    """
    if array is None or size is None:
        return None
    count = whole(size, "partition")
    if count < 1:
        raise _refusal("partition", f"the size must be at least 1, but was {count}")
    return [array[start : start + count] for start in range(0, len(array), count)]


def range_(first: Number | None, last: Number | None, step: Number | None) -> Json:
    """The numbers from `first` up or down to `last`, which is included when `step` meets it.

    >>> range_(0, 6, 2), range_(3, 0, -2), range_(-1.7, 2, 1), range_(1, 0, 1)
    ([0, 2, 4, 6], [3, 1], [-1, 0, 1, 2], [])
    """
    if first is None or last is None or step is None:
        return None
    start, stop, stride = (whole(number, "range") for number in (first, last, step))
    if stride == 0:
        raise _refusal("range", "the step must not be 0")
    if (stop - start) // stride >= MOST_ITEMS:
        raise too_large()
    return list(range(start, stop + (1 if stride > 0 else -1), stride))


def hash_(data: str | None, algorithm: str | None) -> Json:
    """The hash of the text, in hexadecimal.

    >>> hash_("input", "SHA-1")
    '140f86aae51ab9e1cda9b4254fe98a74eb54c1a1'
    """
    if data is None or algorithm is None:
        return None
    if algorithm not in ALGORITHMS:
        raise _refusal("hash", f"the algorithm must be one of {', '.join(ALGORITHMS)}, but was '{algorithm}'")
    return hashlib.new(ALGORITHMS[algorithm], data.encode(), usedforsecurity=False).hexdigest()


def parse(text: str | None) -> Json:
    """The value of JSON `text`.

    >>> parse('{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    """
    if text is None:
        return None
    try:
        return decode(text)
    except (ValueError, RecursionError):
        raise _refusal("parse", "the string is not valid JSON") from None


def keys(value: Json) -> Json:
    """The names of an object's fields, or of all objects in an array, each once; None where there are none.

    >>> keys([{"a": 1, "b": 2}, 3, {"a": 4, "c": 5}]), keys({"a": 1}), keys({})
    (['a', 'b', 'c'], 'a', None)
    """
    found: dict[str, None] = {}
    _gather(value, found)
    names: list[Json] = list(found)
    return names if len(names) > 1 else names[0] if names else None


def _gather(value: Json, found: dict[str, None]) -> None:
    if isinstance(value, list):
        for item in value:
            _gather(item, found)
    elif isinstance(value, dict):
        found.update(dict.fromkeys(value))


def distinct(value: Json) -> Json:
    """The items of an array without those that equal an earlier one.

    >>> distinct([1, {"a": 1, "b": 2}, 1, {"b": 2, "a": 1}, True])
    [1, {'a': 1, 'b': 2}, True]
    """
    if not isinstance(value, list) or len(value) < 2:
        return value
    seen: dict[bytes, Json] = {}
    for item in value:
        seen.setdefault(_identity(item), item)
    return list(seen.values())


def whole(number: Number, function: str) -> int:
    """A number as an integer, cut towards zero as Java does it; raises QueryError for one beyond a long."""
    if not math.isfinite(number) or abs(number) >= 1 << 63:
        raise _refusal(function, f"the number {number} is out of range")
    return int(number)


def drawn(chance: Callable[[], Chance]) -> dict[str, Function]:
    """`$random` and `$uuid`, drawing on what `chance` gives; it is asked once, when it is first needed.

    A seeded `$random` is `java.util.Random`'s first double.
    """
    source: list[Chance] = []

    def drawing() -> Chance:
        if not source:
            source.append(chance())
        return source[0]

    def random(*arguments: Json) -> Json:
        if not arguments or arguments[0] is None:
            return drawing().float()
        seed = arguments[0]
        if len(arguments) > 1 or isinstance(seed, bool) or not isinstance(seed, Number):
            raise _mismatch("random", len(arguments))
        return next_double(whole(seed, "random"))

    def uuid(*arguments: Json) -> Json:
        if arguments:
            raise _mismatch("uuid", 1)
        return drawing().uuid()

    return {"random": random, "uuid": uuid}


def _mismatch(function: str, argument: int) -> QueryError:
    """What a signature would say; functions that are bound anew for each evaluation have none."""
    text = f'T0410: Argument {argument} of function "{function}" does not match function signature'
    return QueryError("T0410", text)


def _refusal(function: str, message: str) -> QueryError:
    return QueryError(None, f"${function}: {message}")


ADDITIONS: Final[Mapping[str, tuple[Function, str]]] = {
    "partition": (partition, "<an:a>"),
    "range": (range_, "<nnn:a>"),
    "hash": (hash_, "<ss:s>"),
    "parse": (parse, "<s:x>"),
}
"""Name to function and signature."""

REPLACEMENTS: Final[Mapping[str, tuple[Function, str]]] = {
    "keys": (keys, "<x-:a<s>>"),
    "distinct": (distinct, "<x:x>"),
}

DRAWN: Final = frozenset({"random", "uuid"})

_STANDARD = """
    abs append assert average base64decode base64encode boolean ceil clone contains count decodeUrl
    decodeUrlComponent distinct each encodeUrl encodeUrlComponent error exists filter floor formatBase
    formatInteger formatNumber fromMillis join keys length lookup lowercase map match max merge millis
    min not now number pad parseInteger power random reduce replace reverse round shuffle sift single
    sort split spread sqrt string substring substringAfter substringBefore sum toMillis trim type
    uppercase zip
"""

STANDARD: Final = frozenset(_STANDARD.split())
"""JSONata 2.0.6 without `$eval`, which Step Functions does not have."""

LIBRARY: Final = STANDARD | DRAWN | ADDITIONS.keys()
"""Every function an expression may call without having made it."""
