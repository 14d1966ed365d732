"""Roles and policies: what a machine's role needs, what it grants, and who is refused.

`calls.py` knows which rights a call needs, from the Resource and what the call is given; `generate.py` makes
a policy of the rights of a whole definition, `roles.py` asks a role's policies whether it has them.
"""

from __future__ import annotations

from sfnb.iam.generate import iam_policy
from sfnb.iam.policy import Policy, Statement
from sfnb.iam.roles import Role, Roles
from sfnb.iam.trust import trust_policy

__all__ = ["Policy", "Role", "Roles", "Statement", "iam_policy", "trust_policy"]
