"""How close sfnb comes to AWS: recorded cases are run again and the answers compared.

The cases and the rules of the comparison stand in `../shared/parity/README.md`. `loader` reads the
cases, `runner` runs one against a `World`, `unify` compares, `report` counts. There are two worlds:

    world    sfnb in this process, with clocks that jump: `python -m tests.parity`, the executions
    served   a real `sfnb serve` that boto3 speaks to, with moto and a small Lambda behind it, in real
             time: `python -m tests.parity --served`, all cases
"""
