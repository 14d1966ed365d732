"""JSONata expressions that came to something else than was wanted, or called what is no function."""

from __future__ import annotations

import re

from sfnb.asl.ways import did_you_mean
from sfnb.hints.nothing import as_list, passes_few
from sfnb.hints.paths import dollar
from sfnb.hints.trouble import Trouble
from sfnb.query.jsonata.evaluator import QuerySyntaxError, compile_query
from sfnb.query.jsonata.functions import LIBRARY

_ADVICE = {
    "array": "JSONata makes one item of a list with one item: write [{0}], a list in any case",
    "boolean": "compare it with something, or write $boolean({0}), $exists({0})",
    "integer": "write $number({0}), or $floor({0}), where it is a text or has a fraction",
    "number": "write $number({0}), where it is a text",
    "string": "write $string({0})",
}


def wrong_type(trouble: Trouble, match: re.Match[str]) -> str | None:
    """The result has not the type that the field takes."""
    expression, field, wanted, was = match[1].strip(), match[2], match[3], match[4]
    if wanted == "array" and passes_few(expression):
        kept = expression.removesuffix("[]")
        return (
            f"{field} takes an array: where one item alone passes a filter, there is no list around it: "
            f"write {kept}[], or {as_list(expression)} where none may pass"
        )
    if was == "object" and wanted != "boolean":
        return f"{field} takes {_a(wanted)}: name the member of the object that holds it"
    advice = _ADVICE.get(wanted)
    return f"{field} takes {_a(wanted)}: {advice.format(expression)}" if advice else None


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeio" else f"a {noun}"


def no_such_function(trouble: Trouble, match: re.Match[str]) -> str | None:
    """Something was called that is no function."""
    try:
        called = compile_query(match[1]).functions
    except QuerySyntaxError:
        return None
    names = [*called] or (["eval"] if re.search(r"\$eval\s*\(", match[1]) else [])
    if not names:
        return None
    name = names[0].lstrip("$")
    if name == "eval":
        return "Step Functions has no $eval; $parse(text) reads JSON"
    near = did_you_mean(name, LIBRARY)
    return f"there is no function ${name}" + (f": {dollar(near)}" if near else "")


def wrong_operand(trouble: Trouble, match: re.Match[str]) -> str | None:
    """Numbers and texts do not mix."""
    if match[3] in ("T2001", "T2002"):
        return "numbers alone are added up: & joins texts, $number(...) makes a number of a text"
    if match[3] in ("T2009", "T2010"):
        return "only two numbers, or two texts, can be compared: $number(...), $string(...) make them alike"
    return "$number(...), $string(...), [...] make a number, a text, a list of it"
