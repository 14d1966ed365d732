"""Retry and Catch that do not match, and limits that were reached."""

from __future__ import annotations

import re

from sfnb.asl.recovery import UNCATCHABLE, Catcher, Retrier
from sfnb.asl.state import State
from sfnb.asl.ways import did_you_mean
from sfnb.engine.limits import AWS_LIMITS
from sfnb.hints.trouble import Trouble


def never_caught(trouble: Trouble, match: re.Match[str]) -> str | None:
    if trouble.cause.startswith("The mock of state '"):
        return None
    names = [name for state in trouble.states for rule in _rules(state) for name in rule.error_equals]
    if trouble.error in UNCATCHABLE and names:
        return (
            f"{trouble.error} is a fault of the definition: no Retry or Catch matches it, not even States.ALL"
        )
    if trouble.error in names or "States.ALL" in names:
        return None
    near = did_you_mean(trouble.error, [name for name in names if not name.startswith("States.")])
    return f"no Retry or Catch here names {trouble.error}: {near}" if near else None


def _rules(state: State) -> list[Retrier | Catcher]:
    return [*state.retry, *state.catch]


def too_large(trouble: Trouble, match: re.Match[str]) -> str:
    limit = AWS_LIMITS.payload_bytes // 1024
    return (
        f"AWS allows {limit} KiB a payload: keep the data in a file or a bucket and pass its name, "
        "or lift the limit with --unlimited, run(..., unlimited=True)"
    )


def history_full(trouble: Trouble, match: re.Match[str]) -> str:
    visits = trouble.execution.trail
    counts: dict[str, int] = {}
    for visit in visits:
        counts[visit.state] = counts.get(visit.state, 0) + 1
    most = max(counts, key=lambda name: counts[name])
    return (
        f'is it a loop that does not end? "{most}" was entered {counts[most]:,} times. '
        "--unlimited, run(..., unlimited=True), lifts the limit"
    )


def too_late(trouble: Trouble, match: re.Match[str]) -> str | None:
    """Which time-out it was."""
    state = trouble.state
    limits = [
        f"{name} ({expression.text})"
        for name, attribute in (
            ("TimeoutSeconds", "timeout_seconds"),
            ("HeartbeatSeconds", "heartbeat_seconds"),
        )
        if (expression := getattr(state, attribute, None)) is not None
    ]
    if not limits or trouble.visit is None:
        return None
    name, within = trouble.visit.state, f"within {' or '.join(limits)}"
    resource = getattr(state, "resource", "")
    if resource.endswith(".waitForTaskToken"):
        return (
            f'nobody answered the token of "{name}" {within}: sfnb.send_task_success(token, output) does, '
            "sfnb.send_task_heartbeat(token) asks for more time; sfnb.task_tokens() lists what is waited for"
        )
    activity = resource.partition(":activity:")[2]
    if activity and activity not in trouble.execution.machine.known_tasks:
        return (
            f'no worker answered "{name}" {within}: sfnb.get_activity_task("{activity}") takes its tasks, '
            "sfnb.send_task_success(task.task_token, output) answers one"
        )
    return (
        f'"{name}" did not answer {within}; its function may still be '
        "running: sfnb.cancelled() tells it to stop, sfnb.heartbeat() that it lives"
    )


def machine_too_late(trouble: Trouble, match: re.Match[str]) -> str:
    seconds = trouble.execution.machine.record.definition.timeout_seconds
    where = f' while "{trouble.visit.state}" was under way' if trouble.visit is not None else ""
    return f"the machine's TimeoutSeconds ({seconds}) ran out{where}"
