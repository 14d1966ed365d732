"""What a user gives whoever deploys or exports: looked at before anything is made of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from sfnb.errors import SfnbError
from sfnb.exporters.deployable import PLACEHOLDER

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
"""Source: IAM API reference, Role, Arn and RoleName."""


def check_role_arn(given: object, placeholders: Collection[str] = ()) -> str:
    """`given`, if it is the ARN of a role; raises SfnbError.

    placeholders: names that it may be made of, as `${RoleArn}`: a template fills them in.
    """
    if isinstance(given, str):
        names = PLACEHOLDER.findall(given)
        if _ROLE_ARN.fullmatch(given) or (names and set(names) <= set(placeholders)):
            return given
    raise SfnbError(
        f"role_arn is {given!r}, and has to be the ARN of a role, such as "
        "'arn:aws:iam::123456789012:role/orders'"
    )


def texts_by_name(what: str, given: object, example: Mapping[str, str]) -> dict[str, str]:
    """A dict of texts; an empty one for None. Raises SfnbError that calls it `what`."""
    if given is None:
        return {}
    if isinstance(given, Mapping) and all(isinstance(each, str) for pair in given.items() for each in pair):
        return dict(given)
    raise SfnbError(f"{what} is {given!r}, and has to be a dict of texts, such as {dict(example)!r}")
