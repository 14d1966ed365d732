"""`python -m sfnb`: the `sfnb` command."""

import sys

from sfnb.cli import command

if __name__ == "__main__":
    sys.exit(command())
