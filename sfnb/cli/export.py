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
  sfnb export orders.yaml -f cloudformation    in a template, with the role that it needs
  sfnb export orders.yaml -o orders.tf         as a Terraform configuration
"""
SUFFIXES = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".tf": "terraform"}


def add_options(parser: argparse.ArgumentParser) -> None:
    from sfnb.exporters import EXPORTERS, TEMPLATES

    definitions.add_file(parser)
    definitions.add_output(parser, [*EXPORTERS, *TEMPLATES], otherwise="json")
    definitions.add_type(parser)
    parser.add_argument("--role-arn", metavar="ARN", help="in a template: a role that is there already")


def perform(options: argparse.Namespace, answers: TextIO) -> int:
    """Write a definition out in another format."""
    name = options.format or SUFFIXES.get(Path(options.output or "").suffix.lower(), "json")
    machine = definitions.load(options.file, type=options.type)
    text = machine.export(name, role_arn=options.role_arn)
    write(text, answers, options.output, escape=json_escapes if name == "json" else None)
    return WELL
