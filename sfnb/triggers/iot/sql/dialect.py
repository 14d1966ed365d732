"""AWS IoT SQL read by sqlglot: text to one syntax tree.

sqlglot's tokenizer and parser do the reading. The tokenizer is told of the keywords that AWS IoT SQL
has, and no others. The parser is sqlglot's own (its compiled edition allows no other), so what its
grammar would take for something else is put into words that it cannot mistake:
- every name bears a mark, taken off again in the tree: `order`, `timestamp` or `length(x)` are
  then nothing that it knows;
- `x IN y` is handed over as `x GLOB y`, which takes any operand;
- `SELECT VALUE x` becomes `SELECT AS VALUE x`, `AS a.b` one name;
- a SET clause is cut off, and parsed expression by expression.
Only this module, `compiling`, `calling`, `literals` and `reading` know sqlglot.
Source: AWS IoT developer guide, "AWS IoT SQL reference".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, NamedTuple

from sqlglot import exp
from sqlglot.errors import ErrorLevel, ParseError, TokenError
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer as SqlglotTokenizer

from sfnb.triggers.iot.sql.invalid import InvalidSql, check_text, shown

MOST_DEPTH = 20
"""Of brackets in brackets, and of CASE in CASE."""
MOST_STEPS = 50
"""Of a dotted name."""
MOST_VARIABLE_CHARACTERS = 64

_MARK = "\ue000"

_KEYWORDS = {
    "SELECT": TokenType.SELECT,
    "FROM": TokenType.FROM,
    "WHERE": TokenType.WHERE,
    "AS": TokenType.ALIAS,
    "AND": TokenType.AND,
    "OR": TokenType.OR,
    "NOT": TokenType.NOT,
    "IN": TokenType.GLOB,
    "EXISTS": TokenType.EXISTS,
    "CASE": TokenType.CASE,
    "WHEN": TokenType.WHEN,
    "THEN": TokenType.THEN,
    "ELSE": TokenType.ELSE,
    "END": TokenType.END,
    "NULL": TokenType.NULL,
    "TRUE": TokenType.TRUE,
    "FALSE": TokenType.FALSE,
    "SET": TokenType.SET,
}
_SIGNS = {"<>": TokenType.NEQ, "<=": TokenType.LTE, ">=": TokenType.GTE}
_SIGN_CHARS = {
    char: kind for char, kind in SqlglotTokenizer.SINGLE_TOKENS.items() if char in "()[]{},.:-+*/%=<>@"
}
_KNOWN = {
    *_KEYWORDS.values(), *_SIGNS.values(), *_SIGN_CHARS.values(), TokenType.VAR, TokenType.STRING,
    TokenType.NUMBER,
}  # fmt: skip
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
_BEFORE_ITEM = {TokenType.SELECT, TokenType.COMMA, *_OPENING}
_SIGNS_BEFORE = {TokenType.NOT, TokenType.DASH, TokenType.PLUS}
_AFTER_NAME = {
    TokenType.COMMA, TokenType.FROM, TokenType.WHERE, TokenType.ALIAS, TokenType.DOT, TokenType.R_PAREN,
    TokenType.EQ, TokenType.NEQ, TokenType.LT, TokenType.LTE, TokenType.GT, TokenType.GTE,
    TokenType.PLUS, TokenType.SLASH, TokenType.MOD, TokenType.AND, TokenType.OR, TokenType.GLOB,
}  # fmt: skip
_COMMENTS = {
    (TokenType.DASH, TokenType.DASH), (TokenType.SLASH, TokenType.STAR), (TokenType.SLASH, TokenType.SLASH)
}  # fmt: skip


class _Tokenizer(SqlglotTokenizer):
    QUOTES = ["'", '"']
    IDENTIFIERS = ["`"]  # sqlglot wants one; it is refused
    COMMENTS: ClassVar[list[str | tuple[str, str]]] = []
    COMMANDS: ClassVar[set[TokenType]] = set()
    KEYWORDS = {**_KEYWORDS, **_SIGNS}


class Reading(NamedTuple):
    """A text as trees: the variables of SET in their order, then the SELECT or expression."""

    variables: Sequence[tuple[str, exp.Expr]]
    tree: exp.Expr


def read(text: str) -> Reading:
    """The syntax tree of a statement or expression; raises InvalidSql where sqlglot has none."""
    check_text(text)
    tokens = _tokens(text)
    variables: list[tuple[str, exp.Expr]] = []
    if tokens[0].token_type == TokenType.SET:
        assigned, tokens = _split_set(tokens, text)
        for name, expression in assigned:
            variables.append((name, _parse(expression, text)))
    return Reading(variables, _parse(tokens, text))


def offset_of(node: exp.Expr) -> int:
    """Where `node` begins in its text, as far as sqlglot has kept it of it or of a part; 0 if not."""
    return min((found for part in node.walk() if (found := part.meta.get("start")) is not None), default=0)


def source_of(node: exp.Expr) -> str:
    """`node` written out again, on one line."""
    text = node.transform(_in_own_words).sql(unsupported_level=ErrorLevel.IGNORE, normalize_functions=False)
    return str(text).replace("SELECT AS VALUE", "SELECT VALUE")


def _in_own_words(node: exp.Expr) -> exp.Expr:
    """What sqlglot would write in other SQL's words, as one word to it."""
    if isinstance(node, exp.Array):
        return exp.Var(this=f"[{', '.join(map(source_of, node.expressions))}]")
    if isinstance(node, exp.Struct):
        members = (f"'{item.name}': {source_of(item.expression)}" for item in node.expressions)
        return exp.Var(this=f"{{{', '.join(members)}}}")
    if isinstance(node, exp.Glob):
        return exp.Var(this=f"{source_of(node.this)} IN {source_of(node.expression)}")
    return node


def _tokens(text: str) -> list[Token]:
    """The tokens of `text`, all of kinds that AWS IoT SQL has, brackets closed."""
    try:
        tokens = _Tokenizer().tokenize(text)
    except TokenError:
        raise InvalidSql("found a text that is never closed", text, _open_quote(text)) from None
    if not tokens:
        raise InvalidSql("found nothing, expected SELECT")
    for token in tokens:
        if token.token_type not in _KNOWN or text[token.start] == "!":
            raise InvalidSql(_strange(text, token), text, token.start)
    _check_brackets(tokens, text)
    _check_cases(tokens, text)
    _check_signs(tokens, text)
    return tokens


def _offset(text: str, line: int, column: int) -> int:
    rows = text.split("\n")
    return min(len(text), sum(len(row) + 1 for row in rows[: line - 1]) + column - 1)


def _strange(text: str, token: Token) -> str:
    """Why a token of no known kind is refused."""
    after = text[token.start : token.start + 2]
    if after == "!=":
        return "found !=, expected <>"
    if after[:1] in "#;":
        return f"found {after[:1]}, expected a statement without it, its topic filter in single quotes"
    return f"found {shown(token.text)}, which AWS IoT SQL does not have"


def _open_quote(text: str) -> int:
    """Where the quote is that nothing closes."""
    quote, at = "", 0
    for index, char in enumerate(text):
        if not quote and char in _Tokenizer.QUOTES:
            quote, at = char, index
        elif char == quote:
            quote = ""
    return at


def _check_brackets(tokens: Sequence[Token], text: str) -> None:
    """Refuse what is nested deeper than MOST_DEPTH, or never closed."""
    open_at: list[Token] = []
    for token in tokens:
        if token.token_type in _OPENING:
            open_at.append(token)
        elif token.token_type in _CLOSING and open_at:
            open_at.pop()
        if len(open_at) > MOST_DEPTH:
            raise InvalidSql(f"found more than {MOST_DEPTH} levels of brackets", text, token.start)
    if open_at:
        last = open_at[-1]
        raise InvalidSql(f"found {shown(last.text)} that is never closed", text, last.start)


def _check_cases(tokens: Sequence[Token], text: str) -> None:
    """Refuse a CASE whose WHEN lacks its THEN, which sqlglot lets pass."""
    wanting: list[bool] = []
    for token in tokens:
        kind = token.token_type
        if kind == TokenType.CASE:
            wanting.append(False)
        elif wanting and kind in (TokenType.WHEN, TokenType.THEN, TokenType.ELSE, TokenType.END):
            if wanting[-1] != (kind == TokenType.THEN):
                raise InvalidSql(f"found {token.text}, expected WHEN and THEN in turn", text, token.start)
            wanting[-1] = kind == TokenType.WHEN
            if kind == TokenType.END:
                wanting.pop()


def _check_signs(tokens: Sequence[Token], text: str) -> None:
    """Refuse comments, which AWS IoT SQL has not, a topic filter in double quotes, and names without end."""
    dots = signs = 0
    for one, other in pairwise(tokens):
        if other.token_type == TokenType.DOT:
            dots += 1
        elif one.token_type != TokenType.DOT:
            dots = 0
        signs = signs + 1 if other.token_type in _SIGNS_BEFORE else 0
        if signs > MOST_DEPTH:
            raise InvalidSql(f"found more than {MOST_DEPTH} signs or NOT in a row", text, other.start)
        if dots > MOST_STEPS:
            raise InvalidSql(f"found a name of more than {MOST_STEPS} steps", text, other.start)
        pair = (one.token_type, other.token_type)
        if _lacks_item(*pair):
            raise InvalidSql(f"found {shown(other.text)}, expected an expression", text, other.start)
        if pair == (TokenType.DOT, TokenType.NUMBER):
            raise InvalidSql(
                f"found .{shown(other.text)}, expected a digit or a name before and after the point",
                text,
                one.start,
            )
        if other.start == one.end + 1 and pair in _COMMENTS:
            raise InvalidSql(
                f"found {one.text}{other.text}, expected a statement without comments", text, one.start
            )
        if pair == (TokenType.FROM, TokenType.STRING) and text[other.start] != "'":
            raise InvalidSql(
                "found double quotes, expected the topic filter in single quotes", text, other.start
            )


def _lacks_item(one: TokenType, other: TokenType) -> bool:
    """Whether nothing stands where a comma wants something: sqlglot lets that pass."""
    if other == TokenType.COMMA:
        return one in _BEFORE_ITEM
    return one == TokenType.COMMA and (other in _CLOSING or other in (TokenType.FROM, TokenType.WHERE))


def _split_set(tokens: list[Token], text: str) -> tuple[list[tuple[str, list[Token]]], list[Token]]:
    """The assignments of `SET @a = x, @b = y`, and the tokens from SELECT on."""
    assignments: list[list[Token]] = [[]]
    depth = 0
    for index, token in enumerate(tokens[1:], 1):
        if token.token_type == TokenType.SELECT and depth == 0:
            return [_assignment(part, token, text) for part in assignments], tokens[index:]
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if token.token_type == TokenType.COMMA and depth == 0:
            assignments.append([])
        else:
            assignments[-1].append(token)
    raise InvalidSql("found a SET clause, expected SELECT after it", text, tokens[0].start)


def _assignment(part: list[Token], after: Token, text: str) -> tuple[str, list[Token]]:
    """The name and the expression of `@name = expression`."""
    kinds = [token.token_type for token in part[:3]]
    if kinds != [TokenType.PARAMETER, TokenType.VAR, TokenType.EQ] or len(part) < 4:
        raise InvalidSql("expected @name = expression in SET", text, part[0].start if part else after.start)
    name = part[1].text
    if len(name) > MOST_VARIABLE_CHARACTERS or not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise InvalidSql(
            f"found @{shown(name)}, expected at most {MOST_VARIABLE_CHARACTERS} letters, digits and _",
            text,
            part[1].start,
        )
    return name, part[3:]


def _parse(tokens: list[Token], text: str) -> exp.Expr:
    """One tree of `tokens`; raises InvalidSql with the place at which sqlglot stopped."""
    parser = Parser(error_level=ErrorLevel.IMMEDIATE)
    try:
        trees = parser.parse(_marked_names(_joined_aliases(_told_values(tokens))), text)
    except ParseError as error:
        raise _misread(error, text) from None
    except RecursionError:
        raise InvalidSql("found expressions nested too deeply", text, tokens[0].start) from None
    if len(trees) != 1 or trees[0] is None:
        raise InvalidSql("expected one statement", text, tokens[0].start)
    return _unmarked(trees[0])


def _marked_names(tokens: Sequence[Token]) -> list[Token]:
    """`tokens` with the mark before every name, but not before the VALUE of SELECT AS VALUE."""
    marked: list[Token] = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        told = before is not None and before.token_type == TokenType.ALIAS and before.start == token.start
        is_name = token.token_type == TokenType.VAR and not told
        marked.append(_renamed(token, _MARK + token.text) if is_name else token)
    return marked


def _renamed(token: Token, text: str, kind: TokenType = TokenType.VAR) -> Token:
    return Token(kind, text, token.line, token.col, token.start, token.end)


def _unmarked(tree: exp.Expr) -> exp.Expr:
    """`tree` with the marks taken off its names."""
    for node in tree.walk():
        name = node.args.get("this")
        if isinstance(name, str) and name.startswith(_MARK) and not isinstance(node, exp.Literal):
            node.set("this", name[len(_MARK) :])
    return tree


def _told_values(tokens: list[Token]) -> list[Token]:
    """`tokens` with AS between SELECT and a VALUE that is the keyword, not the name of an attribute."""
    marked: list[Token] = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1].token_type if index else None
        if before == TokenType.SELECT and token.text.upper() == "VALUE" and token.token_type == TokenType.VAR:
            after = [later.token_type for later in tokens[index + 1 : index + 3]]
            star = after[:1] == [TokenType.STAR] and after[1:] not in (
                [TokenType.FROM],
                [TokenType.R_PAREN],
                [],
            )
            if after and after[0] not in _AFTER_NAME and not star:
                marked.append(_renamed(token, "AS", TokenType.ALIAS))
        marked.append(token)
    return marked


def _joined_aliases(tokens: list[Token]) -> list[Token]:
    """`tokens` with `AS a.b.c` as one name."""
    joined: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        index += 1
        joined.append(token)
        if token.token_type != TokenType.ALIAS or index >= len(tokens):
            continue
        name = tokens[index]
        end = index + 1
        while [other.token_type for other in tokens[end : end + 1]] == [TokenType.DOT] and end + 1 < len(
            tokens
        ):
            end += 2
        if end > index + 1:
            text = "".join(part.text for part in tokens[index:end])
            joined.append(Token(TokenType.VAR, text, name.line, name.col, name.start, tokens[end - 1].end))
            index = end
    return joined


def _misread(error: ParseError, text: str) -> InvalidSql:
    """sqlglot's complaint in ours."""
    about = error.errors[0] if error.errors else {}
    described = str(about.get("description", ""))
    found = str(about.get("highlight", ""))
    end = _offset(text, int(about.get("line") or 1), int(about.get("col") or 1))
    wanted = "a comma, AS, FROM, WHERE or the end"
    if "Required keyword" in described or "missing for" in described:
        wanted = "an expression"
    elif described.startswith(("Expecting ", "Expected ")):
        wanted = described.split(" ", 1)[1].partition(" but got")[0]
    return InvalidSql(
        f"found {shown(found) or 'the end'}, expected {wanted}", text, max(0, end - len(found) + 1)
    )
