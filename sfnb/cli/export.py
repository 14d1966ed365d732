"""`sfnb export`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

from sfnb.cli import definitions
from sfnb.cli.streams import WELL, json_escapes, write

EXAMPLES = """\
examples:
  sfnb export orders.yaml                      as JSON, as AWS takes it
  sfnb export orders.asl.json -o orders.yaml   as YAML
"""
SUFFIXES = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}


def add_options(parser: argparse.ArgumentParser) -> None:
    from sfnb.exporters import EXPORTERS

    definitions.add_file(parser)
    definitions.add_output(parser, EXPORTERS, otherwise="json")


def perform(options: argparse.Namespace, answers: TextIO) -> int:
    """Write a definition out in another format."""
    name = options.format or SUFFIXES.get(Path(options.output or "").suffix.lower(), "json")
    text = definitions.load(options.file).export(name)
    write(text, answers, options.output, escape=json_escapes if name == "json" else None)
    return WELL
