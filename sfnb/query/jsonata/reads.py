"""What an expression asks of an input document, which Step Functions does not give it.

An expression begins at `$states` or at a variable. So `name`, `$.name` and `$$` mean nothing at the top
level, though they do in a predicate, after a dot, or in a function that is handed an item.
Source: AWS guide, "Transforming data with JSONata".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sfnb.query.jsonata.tokens import Token, tokens_of

_ROOTS = ("", "$")
"""The variables `$` and `$$`, without their first `$`."""


@lru_cache(maxsize=4096)
def reads_of_input(text: str) -> tuple[str, ...]:
    """What a well-formed expression reads at the top level, as it names it: `phone`, `$`, `$$`."""
    import jlens

    try:
        given: Any = jlens.Expression(text).reads().get("input")
    except jlens.JlensError:  # too deep for it
        return ()
    tokens = tokens_of(text)
    if given is True:
        bare = [token for token in tokens if token.text not in ("(", ")")]
        whole = len(bare) == 1 and bare[0].kind == "variable" and bare[0].text in _ROOTS
        return (f"${bare[0].text}",) if whole else ()
    return tuple(dict.fromkeys(_spelled(name, tokens) for name in given or ()))


def _spelled(name: str, tokens: Sequence[Token]) -> str:
    """How a path to a field of the input begins: with the field, or with `$` or `$$`."""
    for at, token in enumerate(tokens):
        if token.kind in ("name", "quoted") and token.text == name:
            before = tokens[max(0, at - 2) : at]
            if len(before) == 2 and before[1].text == "." and _is_root(before[0]):
                return f"${before[0].text}"
            if not before or before[-1].text != ".":
                return name
    return next((f"${token.text}" for token in tokens if _is_root(token)), name)


def _is_root(token: Token) -> bool:
    return token.kind == "variable" and token.text in _ROOTS
