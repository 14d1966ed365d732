"""What became of an execution, told to a reader: how it ended, where, why, and what to do about it.

`account` gathers it, `summarise` writes it as plain text. The text is the same for equal runs: no
ids, no times. Causes are shown as a person would want them, without request ids and the JSON around
a message; `Execution.cause` has them as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from sfnb.engine.visits import Visit
from sfnb.hints import MACHINE_TIMEOUT, Trouble, hints_for, shortened, states_on
from sfnb.values import Json, decode, encode

if TYPE_CHECKING:
    from sfnb.execution import Execution

LONGEST_VALUE, LONGEST_MESSAGE, MOST_FRAMES, MOST_NOTES = 200, 600, 8, 3
WORK = ("Task", "Map", "Parallel", "Wait")
"""The types of states that one would rather not do again."""
REDRIVE = "ex.redrive() goes on from there; what has succeeded is not done again"
RESUME = "ex.resume() goes on from there, %asl resume with all that were interrupted"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An execution in words.

    place: `in "Charge", at Each[3]/Charge`, with the number of attempts; "" where it ended well.
    error, message: why it did not; "" where there is nothing to say.
    trace: the lines of the task's own stack, outermost first.
    facts: pairs of a word and a short text, such as ("output", '{"total": 3}').
    """

    machine: str
    status: str
    place: str = ""
    error: str = ""
    message: str = ""
    trace: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    hints: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        return " ".join(part for part in (self.machine, self.status, self.place) if part)

    @property
    def reason(self) -> str:
        return ": ".join(part for part in (self.error, self.message) if part)


def summarise(execution: Execution) -> str:
    """How it stands, in a few lines; for a failure, where and why."""
    return text_of(account(execution))


def text_of(told: Account) -> str:
    """An account as lines of plain text."""
    lines = [told.headline]
    lines += told.reason.splitlines()
    lines += [f"  {line}" for line in told.trace]
    lines += [f"{word}: {text}" for word, text in told.facts]
    lines += [f"hint: {hint}" for hint in told.hints]
    return "\n".join(lines)


def hints(execution: Execution) -> list[str]:
    """What to do about a failure; [] where there is none, or nothing to say."""
    return list(account(execution).hints)


def came_to(execution: Execution) -> str:
    """What became of an execution whose end was not waited for, in a line."""
    name = f'sfnb.get_execution("{execution.name}")'
    return f"the execution of {execution.machine_name} is {execution.status}: {name}"


def account(execution: Execution) -> Account:
    """Everything there is to tell; of a very long log, what the latest of it tells."""
    seen = execution.glance()
    tell = {"RUNNING": _running, "SUCCEEDED": _succeeded, "ABORTED": _aborted}.get(seen.status, _failed)
    told = tell(seen)
    if seen.latest is not None:
        told = structs.replace(told, facts=(*told.facts, _cut(seen)))
    if _is_worth_redriving(seen):
        told = structs.replace(told, hints=(*told.hints, REDRIVE))
    return told


def _cut(seen: Execution) -> tuple[str, str]:
    count = seen.record.events
    return (
        "shown",
        f"the latest {seen.latest:,} of {count:,} records; page(after=0) has all events, a page at a time",
    )


def _is_worth_redriving(execution: Execution) -> bool:
    """Whether it can be redriven, and that would save something."""
    if execution.status in ("RUNNING", "SUCCEEDED") or not execution.redrivable:
        return False
    failed = innermost_failure(execution.trail)
    done = any(visit.status in ("succeeded", "caught") and visit.type in WORK for visit in execution.trail)
    return done and (failed is None or failed.type != "Fail")


def _running(execution: Execution) -> Account:
    now = [visit for visit in execution.trail if visit.status == "running"]
    interrupted = execution.interrupted
    facts = (("was in" if interrupted else "now in", _names(now)),) if now else ()
    return Account(
        machine=execution.machine_name,
        status="INTERRUPTED" if interrupted else "RUNNING",
        facts=(*facts, *_items(execution, always=True)),
        hints=(RESUME,) if interrupted else (),
    )


def _succeeded(execution: Execution) -> Account:
    output = ("output", value_text(execution.output))
    facts = (output, *_items(execution), *_mishaps(execution.trail))
    return Account(machine=execution.machine_name, status="SUCCEEDED", facts=facts)


def _aborted(execution: Execution) -> Account:
    stopped = [visit for visit in execution.trail if visit.status == "aborted"]
    return Account(
        machine=execution.machine_name,
        status="ABORTED",
        place=f"in {_names(stopped)}" if stopped else "",
        error=printable(execution.error or ""),
        message=plain_message(execution.cause),
        facts=(*_items(execution, always=True), *_mishaps(execution.trail)),
    )


def _failed(execution: Execution) -> Account:
    trail = execution.trail
    visit = innermost_failure(trail)
    error, cause = execution.error, execution.cause
    late = execution.status == "TIMED_OUT"
    definition = execution.machine.record.definition
    trouble = Trouble(
        execution=execution,
        error=MACHINE_TIMEOUT if late else error or "",
        cause=cause or "",
        visit=visit,
        states=() if visit is None else states_on(definition, visit.path),
    )
    given = () if visit is None else (("input", shortened(visit.input, LONGEST_VALUE)),)
    return Account(
        machine=execution.machine_name,
        status=execution.status,
        place="" if visit is None else _place(visit, trail),
        error=printable(error or ""),
        message=plain_message(cause),
        trace=tuple(_trace(cause)),
        facts=(*given, *_items(execution, always=True), *_mishaps(trail)),
        hints=tuple(hints_for(trouble)),
    )


# Where


def innermost_failure(trail: Sequence[Visit]) -> Visit | None:
    """The visit that the failure began with: of the last one that failed, the failed one inside it."""
    found: Visit | None = None
    while True:
        depth = 0 if found is None else len(found.frame) + 2
        failed = (v for v in reversed(trail) if v.status in ("failed", "timed_out") and len(v.frame) == depth)
        inner = next((v for v in failed if found is None or _is_inside(v, found)), None)
        if inner is None:
            return found
        found = inner


def _is_inside(visit: Visit, outer: Visit) -> bool:
    """Whether `visit` happened in a branch or iteration that `outer` began."""
    size = len(outer.frame)
    began = visit.frame[:size] == outer.frame and visit.path[: len(outer.path)] == outer.path
    return began and visit.frame[size] > outer.entered_id


def _place(visit: Visit, trail: Sequence[Visit]) -> str:
    from sfnb.frames import path_text

    place = f"in {encode(visit.state)}"
    if visit.frame:
        place += f", at {path_text(visit.path, visit.frame)}"
    return place + (f", after {visit.attempts} attempts" if visit.attempts > 1 else "")


def _names(visits: Sequence[Visit]) -> str:
    """The states of `visits`, those inside others alone: a Map shows by what is in it."""
    outer = {visit.path[:-2] for visit in visits if len(visit.path) > 1}
    names = dict.fromkeys(encode(visit.state) for visit in visits if visit.path not in outer)
    return ", ".join(list(names)[:5]) + (" …" if len(names) > 5 else "")


# Why


def plain_message(cause: str | None) -> str:
    """A Cause for a reader.

    >>> plain_message('{"errorMessage": "card expired", "errorType": "Declined", "stackTrace": []}')
    'card expired'
    >>> plain_message("An error occurred while executing the state 'A' (entered at the event id #2). No way.")
    'No way.'
    """
    if cause is None:
        return ""
    payload = _lambda_payload(cause)
    text = str(payload.get("errorMessage", "")) if payload else cause
    text = re.sub(
        r"^An error occurred while executing the state '.*?' \(entered at the event id #\d+\)\. ", "", text
    )
    text = re.sub(r" \(Service: [^()]*Request ID: [^()]*\)$", "", text)
    return printable(text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + "…")


def printable(text: str) -> str:
    """`text` without what would move a terminal's cursor or change its colours."""
    return "".join(
        char if char.isprintable() or char == "\n" else " " if char.isspace() else "\ufffd" for char in text
    )


def _lambda_payload(cause: str | None) -> dict[str, Json] | None:
    """What Lambda's runtime answers for an exception, where the Cause is that."""
    if cause is None or not cause.startswith("{"):
        return None
    try:
        payload = decode(cause)
    except ValueError:
        return None
    return payload if isinstance(payload, dict) and "errorMessage" in payload else None


_FRAME = re.compile(r'\s*File "(?P<file>.*)", line (?P<line>\d+), in (?P<name>\S+)\n?(?P<code>.*)', re.DOTALL)


def _trace(cause: str | None) -> Iterator[str]:
    """The stack that came with a Cause; of a long one the two ends."""
    payload = _lambda_payload(cause)
    frames = payload.get("stackTrace") if payload else None
    shown = [frame for frame in frames if isinstance(frame, str)] if isinstance(frames, list) else []
    left_out = len(shown) - MOST_FRAMES
    for index, frame in enumerate(shown):
        if left_out > 0 and 2 <= index < 2 + left_out:
            if index == 2:
                yield f"… {left_out} more"
            continue
        yield from _frame_lines(frame)


def _frame_lines(frame: str) -> Iterator[str]:
    """A stack frame; a cell goes without its name, which is a number that nobody knows it by."""
    match = _FRAME.fullmatch(frame)
    if match is None:
        yield from frame.rstrip().splitlines()
        return
    file = "" if match["file"].startswith(("<cell ", "<ipython-input-")) else f"{match['file']}, "
    yield f"{file}line {match['line']}, in {match['name']}"
    yield from (f"    {printable(line).strip()}" for line in match["code"].splitlines() if line.strip())


# What else


def _mishaps(trail: Sequence[Visit]) -> Iterator[tuple[str, str]]:
    """What went wrong on the way and was made good: errors caught, states tried again."""
    caught: dict[str, int] = {}
    again: dict[str, int] = {}
    for visit in trail:
        if visit.status == "caught":
            text = f"{printable(visit.error or 'an error')} in {encode(visit.state)}"
            caught[text] = caught.get(text, 0) + 1
        if visit.attempts > 1 and visit.status in ("succeeded", "caught"):
            text = encode(visit.state)
            again[text] = again.get(text, 0) + visit.attempts - 1
    for word, counts in (("caught", caught), ("retried", again)):
        if counts:
            yield word, _counted(counts)


def _items(execution: Execution, *, always: bool = False) -> Iterator[tuple[str, str]]:
    """How far the Maps in DISTRIBUTED mode came; of those that came to their end where items failed."""
    from sfnb.children import progress_of_run

    lengths = {arn: visit.length for visit in execution.trail for arn in visit.map_runs}
    latest = {run.state: run for run in execution.map_run_records}
    for state, run in latest.items():
        progress = progress_of_run(run, lengths.get(run.arn, 0))
        untouched = not progress.counts and not progress.total
        if not untouched and (always or progress.failed or progress.timed_out):
            yield "items", f"{encode(state)}: {progress.words}"


def _counted(counts: dict[str, int]) -> str:
    parts = [text if count == 1 else f"{text} ({count} times)" for text, count in sorted(counts.items())]
    rest = len(parts) - MOST_NOTES
    return ", ".join(parts[:MOST_NOTES]) + (f", and {rest} more" if rest > 0 else "")


def value_text(value: Json) -> str:
    """A value on one line, cut where it is too long."""
    return shortened(encode(value), LONGEST_VALUE)
