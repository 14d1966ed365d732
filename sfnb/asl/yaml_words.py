"""libyaml's complaints in words an author can act on.

libyaml says what its grammar wanted ("did not find expected key"), seldom what the author did. So
the text around the place is looked at: each rule knows one mistake. What no rule knows keeps libyaml's
own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
import yaml

from sfnb.asl.reading import position_of, quoted, syntax_error
from sfnb.errors import Diagnostic

_QUOTES = "put the text in quotes"
_has_key = re.compile(r"""\s*(?:- +)*(?:"[^"]*"|'[^']*'|[^\s#'"][^#]*?):\s""").match
_glued_colon = re.compile(r"\s*[^\s:#'\"]+:[^\s:/]\S*\s*$").match
# Of a text without quotes in { } or [ ]: all of it up to a bracket, where it ends.
_cut_by_bracket = re.compile(r"""(?:[\[{,]|:\s)\s*[^\s'"\[\]{},](?:(?!:\s)[^\[\]{},])*(?<!:)[\[{]$""").search
# From an open bracket on: the comment that ends its line.
_comment_in_line = re.compile(r"""(?:"[^"\n]*"|'[^'\n]*'|[^\n"'])*?[\s\[{,](#[^\n]*)""").match
_hides_bracket = re.compile(r"#\w[^\]}]*[\]}]").match
_escape_in_quotes = re.compile(r"\\(?:x.?|u[0-9a-fA-F]{0,4}|U[0-9a-fA-F]{0,8}|.)?", re.DOTALL).match


class _Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """What libyaml found.

    words: its own, the problem and then the context.
    at: where.
    since: where the thing began that it was reading, or `at`.
    opened: where the innermost array or object begins.
    """

    text: str
    words: str
    at: int
    since: int
    opened: int

    @property
    def char(self) -> str:
        """The character at the place; "" at the end of the text."""
        return self.text[self.at : self.at + 1]

    @property
    def first_char(self) -> str:
        """The character that began what libyaml was reading."""
        return self.text[self.since : self.since + 1]

    @property
    def at_end(self) -> bool:
        return not self.text[self.at :].strip()

    @property
    def line_start(self) -> int:
        return self.text.rfind("\n", 0, self.at) + 1

    @property
    def before(self) -> str:
        """The line up to the place."""
        return self.text[self.line_start : self.at]

    def line_above(self) -> tuple[int, str]:
        """Offset and text of the nearest line above that is not blank."""
        above = self.text[: self.line_start].rstrip()
        start = above.rfind("\n") + 1
        return start, above[start:]

    def line_of(self, offset: int) -> int:
        return position_of(self.text, offset)[0]

    def error(self, message: str, hint: str | None = None, *, start: int | None = None) -> Diagnostic:
        """A finding about the character at the place, or at `start`."""
        start = self.at if start is None else start
        return syntax_error(self.text, start, min(start + 1, len(self.text)), message, hint)


def explain(text: str, error: yaml.MarkedYAMLError, opened: int) -> Diagnostic:
    """What is wrong where libyaml stopped, and what to do about it.

    opened: where the innermost open array or object begins.
    """
    at = min(error.problem_mark.index, len(text)) if error.problem_mark else 0
    since = min(error.context_mark.index, len(text)) if error.context_mark else at
    words = " ".join(part for part in (error.problem, error.context) if part)
    complaint = _Complaint(text=text, words=words, at=at, since=since, opened=opened)
    for known, rule in _RULES:
        if known in words:
            return rule(complaint)
    return complaint.error(words[:1].upper() + words[1:])


def _odd_start(complaint: _Complaint) -> Diagnostic:
    """A character that no token begins with."""
    if complaint.char == "\t":
        return _tab(complaint)
    if complaint.char == "%" and complaint.before.endswith("{"):
        message = "A JSONata expression is written as text"
        return complaint.error(message, 'put it in quotes: "{% … %}"', start=complaint.at - 1)
    return complaint.error(f"A value cannot begin with {quoted(complaint.char)}", _QUOTES)


def _tab(complaint: _Complaint) -> Diagnostic:
    tab = complaint.text.find("\t", complaint.line_start, complaint.at + 1)
    start = tab if tab >= 0 else complaint.at
    return complaint.error("A tab cannot indent in YAML", "indent with spaces", start=start)


def _colon_not_allowed(complaint: _Complaint) -> Diagnostic:
    if _has_key(complaint.before):
        return complaint.error('A second ": " in one line', "put the value in quotes")
    start, line_above = complaint.line_above()
    if _glued_colon(line_above):
        return complaint.error("A space is missing after this colon", start=start + line_above.index(":"))
    line = complaint.line_of(start)
    message = f"This key is indented under line {line}, which already has a value"
    return complaint.error(message, f"align it with line {line}, or put the value in quotes")


def _no_key(complaint: _Complaint) -> Diagnostic:
    """Inside an object something stands that is no key."""
    before = complaint.before.rstrip()
    if not before:
        line = complaint.line_of(complaint.since)
        hint = f"the keys of one object stand in the same column; this object begins at line {line}"
        return complaint.error("The indentation matches no line above", hint)
    if complaint.char == ",":
        hint = "leave it out, or write the whole definition as JSON, in { }"
        return complaint.error("A comma does not separate keys in YAML", hint)
    if before.endswith(("'", '"')):
        escaped = "''" if before.endswith("'") else '\\"'
        return complaint.error("Text after the closing quote", f"write a quote inside the text as {escaped}")
    return complaint.error("Text after the value", "put the whole value in quotes")


def _no_dash(complaint: _Complaint) -> Diagnostic:
    if complaint.char == "-":
        return _no_key(complaint)
    line = complaint.line_of(complaint.since)
    return complaint.error('Expected "- "', f"by its indentation this belongs to the array of line {line}")


def _open_quote(complaint: _Complaint) -> Diagnostic:
    message = "The text that begins here is not closed"
    return complaint.error(message, f"add the closing {complaint.first_char}", start=complaint.since)


def _escape(complaint: _Complaint) -> Diagnostic:
    slash = complaint.text.rfind("\\", complaint.since, complaint.at + 1)
    start = slash if slash >= 0 else complaint.at
    found = _escape_in_quotes(complaint.text, start)
    escape = found[0] if found else ""
    message = f"{quoted(escape)} means nothing in double quotes"
    hint = "use single quotes, in which a backslash is itself, or double the backslash"
    return syntax_error(complaint.text, start, start + len(escape), message, hint)


def _bracket_open(complaint: _Complaint) -> Diagnostic:
    """A flow array or object goes wrong, or never ends."""
    if complaint.at_end:
        return _not_closed(complaint, complaint.since)
    if _cut_by_bracket(complaint.before + complaint.char):
        message = f"A text in {{ }} or [ ] cannot hold {quoted(complaint.char)} without quotes"
        return complaint.error(message, _QUOTES)
    closing = "]" if "sequence" in complaint.words else "}"
    line, column = position_of(complaint.text, complaint.since)
    message = f'Expected a comma or "{closing}" in what was opened at line {line}, column {column}'
    return complaint.error(message, f'add "{closing}" where it ends')


def _not_closed(complaint: _Complaint, opened: int) -> Diagnostic:
    comment = _comment_in_line(complaint.text, opened)
    if comment and _hides_bracket(comment[1]):
        hint = "put the text in quotes if # belongs to it"
        return complaint.error("The rest of the line is a comment", hint, start=comment.start(1))
    closing = {"[": '"]"', "{": '"}"'}.get(complaint.text[opened : opened + 1], "the closing bracket")
    return complaint.error("The bracket opened here is not closed", f"add {closing}", start=opened)


def _no_content(complaint: _Complaint) -> Diagnostic:
    if complaint.at_end:
        return _not_closed(complaint, complaint.opened)
    return complaint.error(f"Unexpected {quoted(complaint.char)}", _QUOTES)


def _bad_name(complaint: _Complaint) -> Diagnostic:
    """A lone * or &, most often at the head of a text."""
    kind = "an alias" if complaint.first_char == "*" else "an anchor"
    message = f"A value that begins with {quoted(complaint.first_char)} is {kind}"
    return complaint.error(message, _QUOTES, start=complaint.since)


def _after_end(complaint: _Complaint) -> Diagnostic:
    if complaint.char == ":":
        return _glued(complaint)
    return complaint.error("Text after the end of the definition", "write one definition in a text")


def _glued(complaint: _Complaint) -> Diagnostic:
    return complaint.error("A colon needs a space after it here", "or put the text in quotes")


def _dash(complaint: _Complaint) -> Diagnostic:
    return complaint.error('"- " cannot follow a key', "begin the array on its own line")


def _question(complaint: _Complaint) -> Diagnostic:
    return complaint.error('A value cannot begin with "? "', _QUOTES)


def _no_colon(complaint: _Complaint) -> Diagnostic:
    return complaint.error("This line has no colon", 'write "key: value"', start=complaint.since)


def _bad_tag(complaint: _Complaint) -> Diagnostic:
    hint = 'a tag is written as !Name; put a text that begins with "!" in quotes'
    return complaint.error("This tag cannot be read", hint, start=complaint.since)


def _directive(complaint: _Complaint) -> Diagnostic:
    message = 'A line that begins with "%" is a directive'
    return complaint.error(message, _QUOTES, start=complaint.since)


def _block_header(complaint: _Complaint) -> Diagnostic:
    hint = 'the text begins on the next line; or put it in quotes if it begins with "|" or ">"'
    return complaint.error('Nothing may follow "|" or ">" on the same line', hint)


# Words of libyaml, and who knows what to make of them; the first that fits counts.
_RULES: tuple[tuple[str, Callable[[_Complaint], Diagnostic]], ...] = (
    ("cannot start any token", _odd_start),
    ("found a tab character", _tab),
    ("mapping values are not allowed", _colon_not_allowed),
    ("did not find expected key", _no_key),
    ("expected '-' indicator", _no_dash),
    ("stream while scanning a quoted scalar", _open_quote),
    ("document indicator while scanning a quoted scalar", _open_quote),
    ("while parsing a quoted scalar", _escape),
    ("did not find expected ',' or", _bracket_open),
    ("did not find expected node content", _no_content),
    ("while scanning an alias", _bad_name),
    ("while scanning an anchor", _bad_name),
    ("expected <document start>", _after_end),
    ("block sequence entries are not allowed", _dash),
    ("mapping keys are not allowed", _question),
    ("could not find expected ':'", _no_colon),
    ("found unexpected ':'", _glued),
    ("directive", _directive),
    (" a tag", _bad_tag),
    ("tag handle", _bad_tag),
    ("line break while scanning a block scalar", _block_header),
)
