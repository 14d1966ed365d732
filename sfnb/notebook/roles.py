"""`%asl role`: what a machine's role needs and grants, and what an execution asked of it."""

from __future__ import annotations

from argparse import Namespace

from sfnb.default import service
from sfnb.iam.views import asked_table, granted_table
from sfnb.notebook import display as look
from sfnb.notebook.options import Parser, add_execution
from sfnb.notebook.things import Variables, execution_named, machine_named


def role(options: Namespace, variables: Variables) -> object:
    """Show what a state machine's role has to allow, why, and whether it does.

    With an execution: each right that its calls asked for, and which statement allowed or denied it.
    With --policy the IAM policy itself, with --trust the trust policy, as JSON.
    """
    machine = machine_named(options.machine, variables)
    if options.trust:
        import json

        return look.code(json.dumps(machine.trust_policy(), indent=2))
    if options.policy:
        return look.code(machine.iam_policy().json)
    roles = service().registry.roles
    role_arn = machine.record.role_arn
    if options.execution is not None:
        execution = execution_named(options.execution, variables)
        return asked_table(roles, machine.arn, execution.log)
    return granted_table(machine.record, machine.tree, roles.get(role_arn), role_arn)


def add_role_options(parser: Parser) -> None:
    parser.add_argument("machine", metavar="NAME", help="a state machine")
    add_execution(parser, nargs="?")
    parser.add_argument("--policy", action="store_true", help="the policy that its role needs, as JSON")
    parser.add_argument("--trust", action="store_true", help="the trust policy of its role, as JSON")
