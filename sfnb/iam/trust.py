"""Who may take on a machine's role: Step Functions, for this machine alone where it is known.

Source: AWS guide, "Creating an IAM role for your state machine", "Cross-service confused deputy prevention".
"""

from __future__ import annotations

from typing import Any

from sfnb.iam.policy import VERSION

PRINCIPAL = "states.amazonaws.com"


def trust_policy(account: str | None = None, machine_arn: str | None = None) -> dict[str, Any]:
    """The trust policy of a role, as `create_role` takes it.

    account: may ask for it. machine_arn: alone may ask for it; its account, where no other is given.
    """
    if account is None and machine_arn is not None:
        account = machine_arn.split(":")[4]
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": PRINCIPAL},
        "Action": "sts:AssumeRole",
    }
    condition: dict[str, Any] = {}
    if account is not None:
        condition["StringEquals"] = {"aws:SourceAccount": account}
    if machine_arn is not None:
        condition["ArnLike"] = {"aws:SourceArn": machine_arn}
    if condition:
        statement["Condition"] = condition
    return {"Version": VERSION, "Statement": [statement]}
