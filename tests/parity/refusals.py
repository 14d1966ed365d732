"""Calls that AWS refused: in which shape a recording tells of them, and what it leaves to be guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .loader import Step, normalise
from .placeholders import Bindings

REFUSED = 400
ARN_WORD = re.compile(r"[a-z_]+_arn")
NOTHING = {"stateMachineArn": "stateMachine:nothing", "executionArn": "execution:nothing:nothing"}


def refusal(error: Any, step: Step, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A refused call in the shape of the recording: botocore's response, or its exception's text."""
    code, message = str(error.code), str(error.message)
    if "exception_typename" in wanted:
        return {"exception_typename": code, "exception_value": _exception_text(code, message, step)}
    if getattr(error, "response", None) is not None:
        return normalise(error.response)
    refusal: dict[str, Any] = {"Error": {"Code": code, "Message": message}}
    if "message" in wanted:
        refusal["message"] = message
    return normalise(refusal, status=REFUSED)


def too_short(wanted: Any) -> str | None:
    """The parameter that was "" in a call that botocore refused; such calls are no steps of their own."""
    told = wanted.get("exception_value", "") if isinstance(wanted, dict) else ""
    found = re.search(r"Invalid length for parameter (\w+), value: 0,", told)
    return found[1] if found else None


def _exception_text(code: str, message: str, step: Step) -> str:
    if code == "ParamValidationError":
        return message
    return f"An error occurred ({code}) when calling the {step.operation} operation: {message}"


def names_nothing(step: Step, wanted: Any, account: str, region: str) -> Bindings:
    """ARNs of what does not exist, for the words that stand for them; a word that AWS found to be no ARN
    stands for itself."""
    if not (step.fails and "DoesNotExist" in str(wanted)):
        return {}
    return {
        step.params[key]: f"arn:aws:states:{region}:{account}:{rest}"
        for key, rest in NOTHING.items()
        if ARN_WORD.fullmatch(str(step.params.get(key)))
    }


def in_words(expected: Any, words: Bindings) -> Any:
    """`expected` with what words stand for in the messages that quote them.

    >>> in_words({"Message": "Activity Does Not Exist: 'activity_arn'"}, {"activity_arn": "arn:x"})
    {'Message': "Activity Does Not Exist: 'arn:x'"}
    """
    if isinstance(expected, dict):
        return {key: in_words(value, words) for key, value in expected.items()}
    if isinstance(expected, list):
        return [in_words(value, words) for value in expected]
    if isinstance(expected, str):
        for word, meant in words.items():
            expected = expected.replace(f"'{word}'", f"'{meant}'")
    return expected
