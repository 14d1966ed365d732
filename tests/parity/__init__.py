"""How close sfnb comes to AWS: recorded cases are run again and the answers compared.

The cases and the rules of the comparison stand in `../shared/parity/README.md`. `loader` reads the
cases, `runner` runs one against a `World`, `unify` compares, `report` counts; `world` is the one file
that knows sfnb. `python -m tests.parity` runs the selection from the command line.
"""
