"""A document that has all that is wanted of it, shaped by a model of AWS where there is one."""

from __future__ import annotations

from typing import Any

from sfnb.mocks import plausible
from sfnb.mocks.plausible import Setting
from sfnb.mocks.shapes import capital
from sfnb.mocks.want import FAILS, LEAVES, Mark, Option, Want
from sfnb.values import Json, encode

DEEP = 3
"""How many levels of a model are filled where nothing is wanted."""
_NOTHING = Want()


def fill(want: Want, name: str, setting: Setting) -> Json | Mark:
    """A value with all that is wanted; Mark.ABSENT where it had better not be there.

    name: what it is the value of.
    """
    option = choose(want, name, setting)
    if option is not None and not isinstance(option, Mark):
        return option
    if option is Mark.ABSENT:
        return option
    return _free(want, name, setting)


def _free(want: Want, name: str, setting: Setting) -> Json:
    if want.members:
        members = {key: fill(member, key, setting) for key, member in want.members.items()}
        return {key: value for key, value in members.items() if not isinstance(value, Mark)}
    if want.parsed is not None:
        held = fill(want.parsed, name, setting)
        return encode(None if isinstance(held, Mark) else held)
    if want.element is not None or "array" in want.kinds:
        items = [
            fill(want.element or _NOTHING, name.removesuffix("s"), setting)
            for _ in range(max(want.length, 1))
        ]
        return [item for item in items if not isinstance(item, Mark)]
    return _scalar(want, name, setting)


def _scalar(want: Want, name: str, setting: Setting) -> Json:
    kinds = want.kinds
    if "object" in kinds:
        return {}
    if "seconds" in kinds:
        return 1
    if "boolean" in kinds:
        return True
    if "timestamp" in kinds:
        return plausible.moment_text(setting)
    if "number" in kinds or (not kinds and not want.options and plausible.sounds_numeric(name)):
        return plausible.number(name, setting)
    if "base64" in kinds:
        return "dGV4dA=="
    return _text(want, name, setting)


def _text(want: Want, name: str, setting: Setting) -> str:
    written = plausible.text(name, setting)
    if want.delimiter is not None and want.delimiter not in written:
        written = want.delimiter.join([written, *["part"] * 7])
    while any(option.value == written for option in want.options.values()):
        written += "x"
    return written


def choose(want: Want, name: str, setting: Setting, among: list[str] | None = None) -> Json | Mark:
    """One of the values that decide a Choice: those that lead onwards come first, then those around a
    loop; those that lead to a failure never. Mark.PRESENT where nothing is decided by it.

    among: the values that the model allows.
    """
    options = [option for option in want.options.values() if _allowed(option, among)]
    weighted = [(option.value, _weight(option, name, setting)) for option in options]
    if not any(weight > 0 for _, weight in weighted):
        return Mark.PRESENT
    chosen: Json | Mark = setting.pick(weighted)
    return chosen


def _allowed(option: Option, among: list[str] | None) -> bool:
    return among is None or isinstance(option.value, Mark) or option.value in among


def _weight(option: Option, name: str, setting: Setting) -> float:
    if option.rank == FAILS:
        return 0
    weight = 3.0 if option.rank == LEAVES else 0.0 if setting.finished else 1.0
    match option.value:
        case Mark.ABSENT:
            return weight * (3 if plausible.TROUBLE.search(name) or plausible.TOKENS.search(name) else 0.3)
        case Mark.OTHER | Mark.PRESENT | None:
            return weight * 0.7
        case str() as text:
            return weight * min(plausible.goodness(text), weight)
    return weight


# By a model


def shaped(shape: Any, want: Want, name: str, setting: Setting, depth: int = 0) -> Json | Mark:
    """The same for a member of an AWS answer. shape: botocore's."""
    kind = shape.type_name
    if kind not in ("structure", "list", "map") and (want.members or want.parsed or want.element):
        return fill(want, name, setting)  # read as more than it is: JSON that AWS keeps as text
    among: list[str] | None = list(getattr(shape, "enum", None) or []) or None
    option = choose(want, name, setting, among)
    if option is Mark.ABSENT or not isinstance(option, Mark):
        return option
    match kind:
        case "structure":
            return _structure(shape, want, setting, depth)
        case "list":
            return _list(shape, want, name, setting, depth)
        case "map":
            return _map(shape, want, setting, depth)
        case "boolean":
            return bool(plausible.GOOD.search(name)) and not plausible.BAD.search(name)
        case "integer" | "long" | "float" | "double":
            number = max(plausible.number(name, setting), int(shape.metadata.get("min", 0)))
            return min(number, int(shape.metadata.get("max", number)))
        case "timestamp":
            return plausible.moment_text(setting)
    if among is not None:
        return _enumerated(among, want, name, setting)
    if "number" in want.kinds and not want.options:
        return str(plausible.number(name, setting))
    return _text(want, name, setting)


def _enumerated(among: list[str], want: Want, name: str, setting: Setting) -> str:
    compared = {option.value for option in want.options.values() if isinstance(option.value, str)}
    echoed = setting.echo.get(name.lower())
    if echoed in among and not compared:
        return str(echoed)
    left = [value for value in among if value not in compared] or among
    return plausible.choose_enum(left, setting, varied=bool(want.options))


def _structure(shape: Any, want: Want, setting: Setting, depth: int) -> dict[str, Json]:
    if shape.name == "AttributeValue":
        return _attribute(want, setting)
    wanted = {key.lower(): (key, member) for key, member in want.members.items()}
    members: dict[str, Json] = {}
    for own, inner in shape.members.items():
        key, member = wanted.get(own.lower(), (setting.spell(own), _NOTHING))
        if own.lower() in wanted or _shown(own, inner, own in shape.required_members, depth):
            value = shaped(inner, member, key, setting, depth + 1)
            if not isinstance(value, Mark):
                members[key] = value
        if members and getattr(shape, "is_tagged_union", False) and not wanted:
            break
    return members


def _shown(name: str, shape: Any, required: bool, depth: int) -> bool:
    """Whether a member is worth showing that nobody reads."""
    if required:
        return depth <= DEEP + 2
    if plausible.TROUBLE.search(capital(name)) or plausible.TOKENS.search(name):
        return shape.type_name in ("integer", "list") and depth == 0
    return depth < (DEEP if shape.type_name not in ("structure", "list", "map") else DEEP - 1)


def _attribute(want: Want, setting: Setting) -> dict[str, Json]:
    """A DynamoDB attribute: one type, the one that is read."""
    if not want.members:
        return {"S": plausible.text("Value", setting)}
    found: dict[str, Json] = {}
    for kind, member in want.members.items():
        value = fill(member, "count" if kind == "N" else "value", setting)
        if kind == "N" and not isinstance(value, Mark):
            value = value if isinstance(value, str) and value.lstrip("-").isdigit() else str(value)
            value = value if value.lstrip("-").replace(".", "").isdigit() else "1"
        if not isinstance(value, Mark):
            found[kind] = value
    return found


def _list(shape: Any, want: Want, name: str, setting: Setting, depth: int) -> list[Json]:
    if want.element is None and (plausible.TROUBLE.search(capital(name)) or depth > DEEP):
        return []
    singular = name.removesuffix("s")
    count = max(want.length, 1)
    items = [
        shaped(shape.member, want.element or _NOTHING, singular, setting, depth + 1) for _ in range(count)
    ]
    return [item for item in items if not isinstance(item, Mark)]


def _map(shape: Any, want: Want, setting: Setting, depth: int) -> dict[str, Json]:
    names: dict[str, Want] = dict(want.members)
    if not names and depth <= DEEP:
        names = {(getattr(shape.key, "enum", None) or ["key"])[0]: _NOTHING}
    values = {key: shaped(shape.value, member, key, setting, depth + 1) for key, member in names.items()}
    return {key: value for key, value in values.items() if not isinstance(value, Mark)}
