"""The methods of Java's strings, lists, maps and numbers that templates call.

A regular expression runs in RE2, in linear time: a template's author writes it, but anybody writes the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sfnb.errors import SfnbError
from sfnb.triggers.http.vtl.operators import equal, is_number
from sfnb.triggers.http.vtl.run import LARGEST, JavaList, RenderFault, Run, Value

Call = Callable[..., Value]


class Method(NamedTuple):
    """call: given the run, the value and the arguments, of which there are least to most."""

    call: Call
    least: int = 0
    most: int = 0


def call_method(run: Run, value: Value, name: str, arguments: Sequence[Value]) -> Value:
    """Raises RenderFault where `value` has no such method, or where it fails."""
    method = _methods_of(value).get(name) or EVERYONES.get(name)
    if method is None:
        raise RenderFault(f"{_kind(value)} has no method {name!r} here")
    if not method.least <= len(arguments) <= method.most:
        raise RenderFault(f"{name}() takes {_count(method)}, not {len(arguments)}")
    return method.call(run, value, *arguments)


def member_of(run: Run, value: Value, name: str) -> Value:
    """`value.name`: the item of a map, or what getName() and isName() give; null where there is none."""
    if isinstance(value, dict):
        return value.get(name)
    methods = _methods_of(value)
    for method in (f"is{name[:1].upper()}{name[1:]}", f"get{name[:1].upper()}{name[1:]}"):
        if method in methods and methods[method].least == 0:
            return methods[method].call(run, value)
    return None


def item_of(value: Value, index: Value) -> Value:
    """`value[index]`; null where there is none."""
    if isinstance(value, list) and type(index) is int:
        return value[index] if -len(value) <= index < len(value) else None
    return value.get(index) if isinstance(value, dict) and isinstance(index, str) else None


def _methods_of(value: Value) -> Mapping[str, Method]:
    match value:
        case str():
            return STRING
        case list():
            return LIST
        case dict():
            return MAP
        case int() | float() if is_number(value):
            return NUMBER
    return {}


def _kind(value: Value) -> str:
    names = {
        str: "a string",
        list: "a list",
        dict: "a map",
        bool: "a boolean",
        int: "a number",
        float: "a number",
    }
    return next((word for kind, word in names.items() if isinstance(value, kind)), "this")


def _count(method: Method) -> str:
    if method.least == method.most:
        return f"{method.least} argument{'' if method.least == 1 else 's'}"
    return f"{method.least} to {method.most} arguments"


def _string(value: Value) -> str:
    if not isinstance(value, str):
        raise RenderFault(f"expected a string, found {'null' if value is None else _kind(value)}")
    return value


def _index(value: Value, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise RenderFault(f"expected an index from 0 to {most}, found {value!r:.40}")
    return value


def _substring(run: Run, value: str, first: Value, last: Value = None) -> Value:
    end = len(value) if last is None else _index(last, len(value))
    start = _index(first, len(value))
    if start > end:
        raise RenderFault(f"a substring from {start} to {end}")
    return run.made(value[start:end])


def _replace(run: Run, value: str, old: Value, new: Value) -> Value:
    old, new = _string(old), _string(new)
    run.makes(len(value) + value.count(old) * max(0, len(new) - len(old)))
    return value.replace(old, new)


def _split(run: Run, value: str, pattern: Value) -> Value:
    """As Java does it, trailing empty parts left out."""
    run.made(value)
    parts = linear_regex(_string(pattern)).split(value)
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return JavaList(parts)


def _replace_all(run: Run, value: str, pattern: Value, new: Value, count: int = 0) -> Value:
    template, size = _string(new), 0

    def made(match: Any) -> str:
        nonlocal size
        words = _replaced(template, match)
        size += len(words)
        if size > LARGEST:
            raise RenderFault(f"a text of more than {LARGEST:,} characters")
        return words

    run.made(value)
    return run.made(linear_regex(_string(pattern)).sub(made, value, count))


def _replaced(template: str, match: Any) -> str:
    r"""A replacement as Java reads it: `$1` is a group, `\` takes the next character as it is."""

    def part(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[2]
        if int(found[1]) > match.re.groups:
            raise RenderFault(f"no group {found[1]}")
        return match.group(int(found[1])) or ""

    return re.sub(r"\$(\d)|\\(.)", part, template, flags=re.DOTALL)


@lru_cache(maxsize=256)
def linear_regex(pattern: str) -> Any:
    """A regular expression that never takes long; raises RenderFault where there is none for `pattern`."""
    try:
        import re2  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise SfnbError('regular expressions need google-re2: pip install "sfnb[triggers]"') from None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options=options)
    except re2.error as fault:
        word = fault.args[0] if fault.args else ""
        reason = word.decode(errors="replace") if isinstance(word, bytes) else str(word)
        raise RenderFault(f"the regular expression {pattern!r:.80}: {reason}") from None


def _parse(kind: Callable[[str], Value]) -> Call:
    def parse(run: Run, value: Value, text: Value) -> Value:
        try:
            return kind(_string(text)[:40])
        except ValueError:
            raise RenderFault(f"{text!r:.40} is no number") from None

    return parse


def _get(run: Run, value: list[Value], index: Value) -> Value:
    return value[_index(index, len(value) - 1)]


def _set(run: Run, value: list[Value], index: Value, item: Value) -> Value:
    place = _index(index, len(value) - 1)
    before, value[place] = value[place], item
    return before


def _add(run: Run, value: list[Value], item: Value) -> Value:
    run.makes(16)
    value.append(item)
    return True


def _add_all(run: Run, value: list[Value], items: Value) -> Value:
    if not isinstance(items, list):
        raise RenderFault(f"expected a list, found {_kind(items)}")
    run.makes(16 * len(items))
    value.extend(list(items))
    return True


def _remove(run: Run, value: list[Value], index: Value) -> Value:
    return value.pop(_index(index, len(value) - 1))


def _put(run: Run, value: dict[str, Value], key: Value, item: Value) -> Value:
    run.makes(16)
    name = run.text(key)
    before = value.get(name)
    value[name] = item
    return before


def _put_all(run: Run, value: dict[str, Value], items: Value) -> Value:
    if not isinstance(items, dict):
        raise RenderFault(f"expected a map, found {_kind(items)}")
    run.makes(16 * len(items))
    value.update(items)


def _entries(run: Run, value: dict[str, Value]) -> Value:
    run.makes(32 * len(value))
    return JavaList({"key": key, "value": item} for key, item in value.items())


def _counted(make: Callable[[dict[str, Value]], Any]) -> Call:
    def listed(run: Run, value: dict[str, Value]) -> Value:
        run.makes(16 * len(value))
        return JavaList(make(value))

    return listed


def _has(run: Run, values: Sequence[Value], item: Value) -> bool:
    for each in values:
        run.step()
        if equal(run, each, item):
            return True
    return False


def _where(run: Run, values: Sequence[Value], item: Value) -> int:
    for index, each in enumerate(values):
        run.step()
        if equal(run, each, item):
            return index
    return -1


def _sign(left: Value, right: Value) -> int:
    return int(left > right) - int(left < right)


EVERYONES = {
    "toString": Method(lambda run, v: run.text(v)),
    "equals": Method(lambda run, v, other: type(v) is type(other) and equal(run, v, other), 1, 1),
}
STRING = {
    "length": Method(lambda run, v: len(v)),
    "isEmpty": Method(lambda run, v: not v),
    "isBlank": Method(lambda run, v: not v.strip()),
    "contains": Method(lambda run, v, part: _string(part) in v, 1, 1),
    "startsWith": Method(lambda run, v, part: v.startswith(_string(part)), 1, 1),
    "endsWith": Method(lambda run, v, part: v.endswith(_string(part)), 1, 1),
    "indexOf": Method(lambda run, v, part, start=0: v.find(_string(part), _index(start, len(v))), 1, 2),
    "lastIndexOf": Method(lambda run, v, part: v.rfind(_string(part)), 1, 1),
    "substring": Method(_substring, 1, 2),
    "charAt": Method(lambda run, v, at: v[_index(at, len(v) - 1)], 1, 1),
    "concat": Method(lambda run, v, part: run.makes(len(v) + len(_string(part))) or v + part, 1, 1),
    "replace": Method(_replace, 2, 2),
    "replaceAll": Method(_replace_all, 2, 2),
    "replaceFirst": Method(lambda run, v, old, new: _replace_all(run, v, old, new, 1), 2, 2),
    "matches": Method(lambda run, v, pattern: linear_regex(_string(pattern)).fullmatch(v) is not None, 1, 1),
    "split": Method(_split, 1, 1),
    "toLowerCase": Method(lambda run, v: run.made(v.lower())),
    "toUpperCase": Method(lambda run, v: run.made(v.upper())),
    "trim": Method(lambda run, v: run.made(v.strip())),
    "equalsIgnoreCase": Method(lambda run, v, o: isinstance(o, str) and v.casefold() == o.casefold(), 1, 1),
    "compareTo": Method(lambda run, v, other: _sign(v, _string(other)), 1, 1),
}
LIST = {
    "size": Method(lambda run, v: len(v)),
    "isEmpty": Method(lambda run, v: not v),
    "get": Method(_get, 1, 1),
    "set": Method(_set, 2, 2),
    "add": Method(_add, 1, 1),
    "addAll": Method(_add_all, 1, 1),
    "remove": Method(_remove, 1, 1),
    "contains": Method(_has, 1, 1),
    "indexOf": Method(_where, 1, 1),
    "clear": Method(lambda run, v: v.clear()),
}
MAP = {
    "size": Method(lambda run, v: len(v)),
    "isEmpty": Method(lambda run, v: not v),
    "get": Method(lambda run, v, key: v.get(run.text(key)), 1, 1),
    "getOrDefault": Method(lambda run, v, key, other: v.get(run.text(key), other), 2, 2),
    "put": Method(_put, 2, 2),
    "putAll": Method(_put_all, 1, 1),
    "remove": Method(lambda run, v, key: v.pop(run.text(key), None), 1, 1),
    "containsKey": Method(lambda run, v, key: run.text(key) in v, 1, 1),
    "containsValue": Method(lambda run, v, item: _has(run, list(v.values()), item), 1, 1),
    "keySet": Method(_counted(lambda v: v)),
    "values": Method(_counted(lambda v: v.values())),
    "entrySet": Method(_entries),
    "clear": Method(lambda run, v: v.clear()),
}
NUMBER = {
    "intValue": Method(lambda run, v: int(v)),
    "longValue": Method(lambda run, v: int(v)),
    "doubleValue": Method(lambda run, v: float(v)),
    "parseInt": Method(_parse(int), 1, 1),
    "parseLong": Method(_parse(int), 1, 1),
    "parseDouble": Method(_parse(float), 1, 1),
    "compareTo": Method(lambda run, v, other: _sign(v, other) if is_number(other) else None, 1, 1),
}
