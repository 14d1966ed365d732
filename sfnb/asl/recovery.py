"""Retry and Catch: which errors they match, how long a retry waits.

Source: Amazon States Language, "Errors"; AWS guide, "Error handling"; AWS recordings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sfnb.errors import Diagnostic, PathStep, StatesError
from sfnb.query import Exit
from sfnb.values import Json

if TYPE_CHECKING:
    from sfnb.asl.decode import Decoder

UNCATCHABLE = frozenset({"States.Runtime"})
WILDCARD = "States.ALL"
HEARTBEAT = "States.HeartbeatTimeout"

RESERVED = frozenset(
    f"States.{name}"
    for name in (
        "ALL",
        "BranchFailed",
        "DataLimitExceeded",
        "ExceedToleratedFailureThreshold",
        "HeartbeatTimeout",
        "IntrinsicFailure",
        "ItemReaderFailed",
        "NoChoiceMatched",
        "ParameterPathFailure",
        "Permissions",
        "QueryEvaluationError",
        "ResultPathMatchFailure",
        "ResultWriterFailed",
        "Runtime",
        "TaskFailed",
        "Timeout",
    )
)
"""The Error Names of Step Functions itself, besides those of HTTP status codes."""


class Retrier(msgspec.Struct, frozen=True, kw_only=True):
    """When an error matches, the state runs again after a pause.

    The n-th pause is interval_seconds * backoff_rate ** (n - 1), at most max_delay_seconds; with
    FULL jitter a random part of it. max_attempts 0 means never.
    """

    error_equals: Annotated[tuple[str, ...], Meta(min_length=1)]
    comment: str | None = None
    interval_seconds: Annotated[int, Meta(ge=1, le=99_999_999)] = 1
    max_attempts: Annotated[int, Meta(ge=0, le=99_999_999)] = 3
    backoff_rate: Annotated[float, Meta(ge=1.0)] = 2.0
    max_delay_seconds: Annotated[int, Meta(gt=0, lt=31_622_401)] | None = None
    jitter_strategy: Literal["NONE", "FULL"] = "NONE"

    def words(self) -> str:
        """For a reader: `States.Timeout: 3 times, after 1 s`."""
        times = {0: "never", 1: "once"}.get(self.max_attempts, f"{self.max_attempts} times")
        return f"{', '.join(self.error_equals)}: {times}, after {self.interval_seconds} s"

    def delay_seconds(self, attempt: int) -> float:
        """The pause before the `attempt`-th retry (from 1), jitter aside.

        >>> retrier = Retrier(error_equals=("States.ALL",), max_delay_seconds=5)
        >>> [retrier.delay_seconds(attempt) for attempt in (1, 2, 3, 4)]
        [1.0, 2.0, 4.0, 5.0]
        """
        longest = float(self.max_delay_seconds or 99_999_999)
        try:
            return min(longest, self.interval_seconds * self.backoff_rate ** (attempt - 1))
        except OverflowError:
            return longest


class Catcher(msgspec.Struct, frozen=True, kw_only=True):
    """When an error matches and no Retrier is left, the machine goes on at `next`.

    exit: what becomes of the Error Output: ResultPath or Output, and Assign.
    """

    error_equals: Annotated[tuple[str, ...], Meta(min_length=1)]
    next: str
    exit: Exit
    comment: str | None = None

    @classmethod
    def from_tree(cls, decoder: Decoder, tree: Json, path: tuple[PathStep, ...]) -> Catcher | None:
        """Compile a Catcher; None, with findings, where it is none."""
        if not isinstance(tree, dict):
            decoder.expected("an object", tree, path)
            return None
        language, before = decoder.language, len(decoder.findings)
        fields = {name: tree[name] for name in language.catcher_fields if name in tree}
        others = {name: value for name, value in tree.items() if name not in fields}
        values: dict[str, Any] = decoder.values(cls, others, path, also=language.catcher_fields)
        exit = language.catcher(fields, lambda field: decoder.report_at((*path, field)))
        return cls(exit=exit, **values) if len(decoder.findings) == before else None


def check_rules(rules: Sequence[Retrier | Catcher], place: tuple[PathStep, ...]) -> Iterator[Diagnostic]:
    """States.ALL stands alone in its ErrorEquals, and in the last of the `rules`."""
    for index, rule in enumerate(rules):
        here = (*place, index, "ErrorEquals")
        yield from _check_names(rule.error_equals, here)
        if WILDCARD not in rule.error_equals:
            continue
        if len(rule.error_equals) > 1:
            hint = "it matches every error: leave the rest out"
        elif index < len(rules) - 1:
            hint = "no rule after it would ever be asked: put it last"
        else:
            continue
        yield Diagnostic(
            message=f"'{WILDCARD}' must stand alone in 'ErrorEquals', and in the last rule",
            path=here,
            hint=hint,
        )


@lru_cache(maxsize=256)
def _near(name: str) -> list[str]:
    return get_close_matches(name, RESERVED, n=1)


def _check_names(names: Sequence[str], place: tuple[PathStep, ...]) -> Iterator[Diagnostic]:
    """Names that begin with `States.` belong to Step Functions; one that it does not have matches nothing."""
    for index, name in enumerate(names):
        if name.startswith("States.") and name not in RESERVED and not name.startswith("States.Http."):
            near = _near(name)
            yield Diagnostic(
                message=f"There is no error '{name}'",
                code="UNKNOWN_ERROR_NAME",
                path=(*place, index),
                severity="WARNING",
                hint=f'did you mean "{near[0]}"?' if near else "names that begin with States. are reserved",
            )


def matches(error_equals: tuple[str, ...], failure: StatesError) -> bool:
    """Whether a list of Error Names covers a failure.

    States.ALL covers everything but States.Runtime, States.TaskFailed everything but a time-out. A
    missed heartbeat is called States.Timeout in the history and may be matched by either name.
    """
    error = failure.error
    if error in UNCATCHABLE:
        return False
    if error in error_equals or WILDCARD in error_equals:
        return True
    if error == "States.Timeout":
        return failure.heartbeat and HEARTBEAT in error_equals
    return "States.TaskFailed" in error_equals
