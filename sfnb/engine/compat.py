"""Where AWS does one thing and the States Language says another: one row for each of the two.

`aws` is what AWS was seen to do, and the default; of recordings that disagree, the later counts.
`spec` is what the States Language, or AWS's own guide, says instead.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Compat(msgspec.Struct, frozen=True, kw_only=True):
    """How to resolve each conflict.

    spec_names: failures have the States Language's names, States.NoChoiceMatched and
        States.ParameterPathFailure, and can be caught by them; AWS calls both States.Runtime.
    all_catches_data_limit: States.ALL covers States.DataLimitExceeded, which the guide denies.
    branch_failed: a failed Parallel fails as States.BranchFailed; AWS hands on the branch's own error.
    """

    spec_names: bool
    all_catches_data_limit: bool
    branch_failed: bool


CompatName = Literal["aws", "spec"]

COMPAT: dict[CompatName, Compat] = {
    "aws": Compat(spec_names=False, all_catches_data_limit=True, branch_failed=False),
    "spec": Compat(spec_names=True, all_catches_data_limit=False, branch_failed=True),
}
