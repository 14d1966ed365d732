"""`sfnb render`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from sfnb.cli import definitions
from sfnb.cli.streams import WELL, write

EXAMPLES = """\
examples:
  sfnb render orders.asl.json                  an outline, in the terminal
  sfnb render orders.asl.json -o orders.svg    a picture
  sfnb render orders.yaml --format mermaid     for a Markdown page
"""
SUFFIXES = {
    ".svg": "svg",
    ".txt": "text",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    from sfnb.renderers import RENDERERS

    definitions.add_file(parser)
    definitions.add_output(parser, RENDERERS, otherwise="text")


def perform(options: argparse.Namespace, answers: TextIO) -> int:
    """Draw a definition: a picture, an outline, Mermaid or DOT."""
    from sfnb.renderers import RENDERERS

    name = options.format or format_of(options.output)
    machine = definitions.load(options.file)
    write(
        RENDERERS[name](machine.outline, title=machine.name),
        answers,
        options.output,
        escape=ESCAPES.get(name),
    )
    return WELL


def format_of(output: str | None) -> str:
    """By the ending of a file's name; raises SfnbError where that tells nothing."""
    from sfnb.errors import SfnbError

    if output is None:
        return "text"
    suffix = Path(output).suffix.lower()
    if suffix not in SUFFIXES:
        raise SfnbError(f"'{output}' does not say which format to draw: give --format, or end it with .svg")
    return SUFFIXES[suffix]


def _question_marks(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _references(text: str) -> str:
    return text.encode("ascii", "xmlcharrefreplace").decode()


ESCAPES: dict[str, Callable[[str], str]] = {"text": _question_marks, "svg": _references, "dot": _references}
"""What each format makes of a character that standard output has no sign for."""
