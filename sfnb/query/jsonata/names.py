"""What an expression reads and calls, and what kind of expression it is, without evaluating it.

One pass over the tokens with a stack of scopes: a `(` where an operand is due begins a block, the `{` of a
`function` the body of one; `$x := ...` binds from its end to the end of its block, a function at once, so
that it may call itself. Where this cannot be sure, it says more is read, never less.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import msgspec

from sfnb.query.jsonata.functions import LIBRARY, STANDARD
from sfnb.query.jsonata.tokens import Token, tokens_of

_LAMBDA = {"function", "λ"}
_CONSTANTS = {"true", "false", "null"}
_FOCUS = {"@", "#"}
_OPEN, _CLOSED = {"(", "[", "{"}, {")", "]", "}"}
_ENDS = {";", ","} | _CLOSED
"""Not `:`, which may be half of a condition inside the expression that is bound."""

_EQUALITY = {"=", "!=", "in"}
_MANY_BINDINGS = 16

_NO_ARGUMENTS = {"now", "millis"}
_TWO_ARGUMENTS = """
    contains each formatInteger formatNumber lookup match pad parseInteger power sift split substring
    substringAfter substringBefore
"""
_ARGUMENTS = {**dict.fromkeys(_TWO_ARGUMENTS.split(), 2), "replace": 3}
"""How many arguments make a function of JSONata do without the context; the others of them need one."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the tokens of an expression tell.

    variables, states, functions: as in `evaluator.Query`.
    mentioned: every `$name` in the text, whatever it means there.
    path: the names of an expression that is nothing but `$name.name.name`; empty otherwise.
    context: whether it may look at the value it is applied to (`$`, a bare field name), of which a state
    has none.
    crowded: whether it may hold many large values at once: it has a function, or several ranges.
    explosive: whether it may build a value that shares its parts so often that comparing two takes for
    ever, and does compare.
    textual: whether it makes texts of values, which a number that is not finite cannot be.
    later: where it uses an operator that came after JSONata 2.0.6, and which.
    """

    variables: frozenset[str]
    states: frozenset[str] | None
    functions: frozenset[str]
    mentioned: frozenset[str]
    path: tuple[str, ...]
    context: bool
    crowded: bool
    explosive: bool
    textual: bool
    later: tuple[int, str] | None


class _Scope:
    """names: bound here. pending: bound once the binding's expression has ended, with its bracket depth.

    body: whether it is the body of a function.
    """

    __slots__ = ("body", "depth", "names", "pending")

    def __init__(self, depth: int, names: Iterable[str] = (), *, body: bool = False) -> None:
        self.body = body
        self.depth = depth
        self.names = set(names)
        self.pending: list[tuple[int, str]] = []


def read(text: str) -> Reading:
    """Read a well-formed expression."""
    tokens = tokens_of(text)
    walk = _Walk(tokens)
    signs = [token.text for token in tokens if token.kind == "operator"]
    functions = any(token.kind == "name" and token.text in _LAMBDA for token in tokens)
    mentioned = frozenset(token.text for token in tokens if token.kind == "variable" and token.text)
    return Reading(
        variables=frozenset(walk.variables),
        states=None if walk.every_state else frozenset(walk.states),
        functions=frozenset(walk.functions),
        mentioned=mentioned,
        path=_path(tokens),
        context=_looks_around(tokens),
        crowded=functions or signs.count("..") > 1,
        explosive=not _EQUALITY.isdisjoint(signs) and (walk.recursive or _may_double(tokens, signs)),
        textual="&" in signs or "string" in mentioned,
        later=_later(tokens),
    )


def _later(tokens: list[Token]) -> tuple[int, str] | None:
    for token in tokens:
        if token.kind == "operator" and token.text in {"??", "?:"}:
            return token.offset, token.text
    return None


def _path(tokens: list[Token]) -> tuple[str, ...]:
    """The names of `$name.name`, or nothing."""
    if not tokens or tokens[0].kind != "variable" or not tokens[0].text or len(tokens) % 2 == 0:
        return ()
    for dot, name in zip(tokens[1::2], tokens[2::2], strict=True):
        if dot.text != "." or dot.kind != "operator" or name.kind not in {"name", "quoted"}:
            return ()
        if name.kind == "name" and name.text in _CONSTANTS | _LAMBDA:
            return ()
    return tuple(token.text for token in tokens[0::2])


def _looks_around(tokens: list[Token]) -> bool:
    """Whether a token may look at the context of the whole expression.

    Inside a predicate, or a bracket behind a dot, the context is an item of what stands before it.
    """
    inner: list[bool] = []
    for at, token in enumerate(tokens):
        if token.kind == "variable" and token.text == "$":
            return True
        if not any(inner) and _is_context(tokens, at):
            return True
        if token.kind != "operator":
            continue
        if token.text in _OPEN:
            inner.append(_is_inner(token, tokens[at - 1] if at else None))
        elif token.text in _CLOSED and inner:
            inner.pop()
    return False


def _is_inner(bracket: Token, before: Token | None) -> bool:
    """Whether what a bracket holds is applied to what stands before it; not so a function's body."""
    sign = before.text if before is not None and before.kind == "operator" else ""
    if sign in {".", "^"}:
        return True
    return not bracket.operand and bracket.text != "(" and sign not in {")", ">"}


def _is_context(tokens: list[Token], at: int) -> bool:
    """Whether the token at `at` may look at the context: `$`, `*`, a name that is not behind a dot.

    So does a function called with too few arguments, as `$string()`, unless `~>` hands it one.
    """
    token = tokens[at]
    if token.kind == "variable":
        if token.text in {"", "$"}:
            return True
        chained = at > 0 and tokens[at - 1].kind == "operator" and tokens[at - 1].text == "~>"
        called = len(tokens) > at + 1 and tokens[at + 1].text == "(" and not tokens[at + 1].operand
        wanted = _ARGUMENTS.get(token.text, 1 if token.text in STANDARD - _NO_ARGUMENTS else 0)
        return called and not chained and _arguments(tokens, at + 1) < wanted
    if at and tokens[at - 1].kind == "operator" and tokens[at - 1].text == ".":
        return False
    if token.kind == "operator":
        return token.operand and token.text in {"*", "**", "%"}
    return token.kind == "quoted" or (token.kind == "name" and token.text not in _CONSTANTS | _LAMBDA)


def _arguments(tokens: list[Token], start: int) -> int:
    """How many arguments a call has, whose `(` is at `start`."""
    depth, commas = 0, 0
    for at in range(start, len(tokens)):
        token = tokens[at]
        if token.kind != "operator":
            continue
        if token.text in _OPEN:
            depth += 1
        elif token.text in _CLOSED:
            depth -= 1
            if depth == 0:
                return 0 if at == start + 1 else commas + 1
        elif token.text == "," and depth == 1:
            commas += 1
    return commas + 1


def _may_double(tokens: list[Token], signs: list[str]) -> bool:
    """Whether something may be put into a new value twice, over and over."""
    bindings = signs.count(":=")
    if bindings >= _MANY_BINDINGS:
        return True
    for one, two in pairwise(tokens):
        if one.kind == "variable" and one.text == "reduce":
            return True
        if one.kind == "operator" and one.text in {"}", ")"} and two.text == "(" and not two.operand:
            return True
    return False


class _Walk:
    """The pass over the tokens.

    recursive: whether a function may call itself: in some body, one is named that the expression makes.
    """

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.variables: set[str] = set()
        self.states: set[str] = set()
        self.functions: set[str] = set()
        self.every_state = False
        self.recursive = False
        self._made: set[str] = set()
        self._depth = 0
        self._scopes = [_Scope(0)]
        at = 0
        while at < len(tokens):
            at = self._step(at)

    def _step(self, at: int) -> int:
        """Take the token at `at`; the place to go on from."""
        token = self.tokens[at]
        if token.kind == "name" and token.text in _LAMBDA and self._sign(at + 1) == "(":
            return self._enter_function(at + 2)
        if token.kind == "variable" and token.text not in {"", "$"}:
            return self._variable(at, token.text)
        if token.kind == "operator":
            self._bracket(token)
            if token.operand and token.text == "%":
                self.every_state = self.every_state or bool(self.states)
        return at + 1

    def _bracket(self, token: Token) -> None:
        if token.text in _ENDS:
            self._bind_ended()
        if token.text in _OPEN:
            self._depth += 1
            if token.text == "(" and token.operand:
                self._scopes.append(_Scope(self._depth))
        elif token.text in _CLOSED:
            if len(self._scopes) > 1 and self._scopes[-1].depth == self._depth:
                self._scopes.pop()
            self._depth -= 1

    def _bind_ended(self) -> None:
        """Bind the names whose expressions end here."""
        for scope in self._scopes:
            while scope.pending and scope.pending[-1][0] >= self._depth:
                scope.names.add(scope.pending.pop()[1])

    def _enter_function(self, at: int) -> int:
        """From behind the `(` of its parameters to behind the `{` of its body; skips a signature."""
        parameters = []
        while at < len(self.tokens) and self._sign(at) != ")":
            if self.tokens[at].kind == "variable":
                parameters.append(self.tokens[at].text)
            at += 1
        while at < len(self.tokens) and self._sign(at) != "{":
            at += 1
        self._depth += 1
        self._scopes.append(_Scope(self._depth, parameters, body=True))
        return at + 1

    def _variable(self, at: int, name: str) -> int:
        before, after = self._sign(at - 1), self._sign(at + 1)
        if after == ":=":
            self._bind(at, name)
            return at + 2
        if before in _FOCUS:
            self._scopes[-1].names.add(name)
        elif any(name in scope.names for scope in self._scopes):
            known = after == "(" or name in self._made
            self.recursive = self.recursive or (known and any(scope.body for scope in self._scopes))
        elif name == "states":
            self._member(at)
        elif after == "(" or before == "~>":
            if name not in LIBRARY:
                self.functions.add(name)
        elif name not in LIBRARY:
            self.variables.add(name)
        return at + 1

    def _bind(self, at: int, name: str) -> None:
        scope = self._scopes[-1]
        value = self.tokens[at + 2] if at + 2 < len(self.tokens) else None
        if value is not None and value.kind == "name" and value.text in _LAMBDA:
            scope.names.add(name)
            self._made.add(name)
        else:
            scope.pending.append((self._depth, name))

    def _member(self, at: int) -> None:
        """`$states`: which member of it is read, if it can be told."""
        following = self.tokens[at + 2] if at + 2 < len(self.tokens) else None
        if self._sign(at + 1) == "." and following and following.kind in {"name", "quoted", "string"}:
            self.states.add(following.text)
        else:
            self.every_state = True

    def _sign(self, at: int) -> str:
        """The operator at `at`; empty where there is another token or none."""
        if 0 <= at < len(self.tokens) and self.tokens[at].kind == "operator":
            return self.tokens[at].text
        return ""
