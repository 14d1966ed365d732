"""`python -m sfnb.cli`, where the `sfnb` command is not on the path."""

from __future__ import annotations

from sfnb.cli import command

command()
