"""What to do about a failure, in words of our own.

Hints are for people: they are shown with an execution and never become part of its Error or Cause.
Each explanation is a row of `EXPLANATIONS`: which failures it is for, and what makes its sentence.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sfnb.hints.calls import whole_payload
from sfnb.hints.functions import mock_ended, no_connection, no_function, no_service, not_seeded
from sfnb.hints.limits import history_full, machine_too_late, never_caught, too_large, too_late
from sfnb.hints.map_runs import cannot_read, cannot_write, too_many_failures
from sfnb.hints.nothing import nothing_found
from sfnb.hints.paths import (
    keys_there,
    no_array,
    no_rule,
    no_variable,
    nothing_in_document,
    nothing_there,
    nothing_to_compare,
)
from sfnb.hints.queries import no_such_function, wrong_operand, wrong_type
from sfnb.hints.rights import no_managed_rule, not_assumed, not_authorized
from sfnb.hints.trouble import Explain, Trouble, shortened, states_on

__all__ = [
    "EXPLANATIONS",
    "MACHINE_TIMEOUT",
    "Explain",
    "Explanation",
    "Trouble",
    "hints_for",
    "keys_there",
    "shortened",
    "states_on",
]


def hints_for(trouble: Trouble) -> list[str]:
    """Every hint that fits; a line each, further lines are code."""
    found = []
    for explanation in EXPLANATIONS:
        match = re.search(explanation.cause, trouble.cause, re.DOTALL)
        if match and re.fullmatch(explanation.error, trouble.error):
            found.append(explanation.explain(trouble, match))
    return [hint for hint in found if hint]


class Explanation(NamedTuple):
    """Patterns for a failure's whole Error and for some part of its Cause, and what to say."""

    error: str
    cause: str
    explain: Explain


MACHINE_TIMEOUT = "sfnb.MachineTimeout"
"""Stands for the Error that a machine's time-out has not."""

QUERY_ERROR = r"States\.QueryEvaluationError"
QUERY = r"The JSONata expression '(.*)' specified for the field '([^']*)' "

NOT_THERE = (
    r"(?i:SQS\.QueueDoesNotExist|DynamoDB\.ResourceNotFound|Glue\.EntityNotFound|SNS\.NotFound"
    r"|S3\.NoSuchBucket|EventBridge\.ResourceNotFound)\w*"
)
"""The Errors of services that have no queue, table, job, topic, bucket or event bus of a name."""
NO_BUCKET = r"The specified bucket does not exist"

EXPLANATIONS = (
    Explanation(
        r"Lambda\.ResourceNotFoundException", r"Function not found: \S*?:function:([^:\s]+)", no_function
    ),
    Explanation(r"States\.Runtime", r"The activity \S*:activity:(\S+) does not exist", no_function),
    Explanation(r"States\.TaskFailed", r"No function stands for '([^']+)'", no_service),
    Explanation(NOT_THERE, r"\(Service: ", not_seeded),
    Explanation(r"States\.ItemReaderFailed|States\.ResultWriterFailed", NO_BUCKET, not_seeded),
    Explanation(
        r"Events\.ConnectionResource\.ResourceNotFound", r"Connection '([^']+)' does not", no_connection
    ),
    Explanation(
        r".*",
        r"is not authorized to perform:? (\S+)(?: on (?:resource:|API Endpoint) (\S+))?",
        not_authorized,
    ),
    Explanation(
        r"States\.TaskFailed", r"The role (\S+) is not authorized to assume .* role, (\S+?)\.?$", not_assumed
    ),
    Explanation(r"States\.TaskFailed", r"is not authorized to create managed-rule", no_managed_rule),
    Explanation(r"States\.Runtime", r"Invalid path '(\$[^']*)' :", nothing_there),
    Explanation(r"States\.Runtime", r"Invalid path '(\$[^']*)': The choice state's", nothing_to_compare),
    Explanation(r"States\.Runtime", r"does not reference an input value: (\$\S*)", nothing_there),
    Explanation(
        r"States\.Runtime",
        r"The JSONPath '(\$[^']*)' specified for the field '.*?' could not be found in the input '(.*)'",
        nothing_in_document,
    ),
    Explanation(r"States\.Runtime", r'Reference path "(\$[^"]*)" must point to array', no_array),
    Explanation(r"States\.Runtime", r"The variable '\$(.*)' could not be found", no_variable),
    Explanation(r"States\.Runtime", r"^The mock of state '", mock_ended),
    Explanation(QUERY_ERROR, QUERY + r"returned nothing \(undefined\)", nothing_found),
    Explanation(QUERY_ERROR, QUERY + r".*Expected '(\w+)', but was '(\w+)'", wrong_type),
    Explanation(QUERY_ERROR, QUERY + r".* (?:T100[56]|T2006): ", no_such_function),
    Explanation(QUERY_ERROR, QUERY + r".* (T200[12]|T2009|T2010|T0410|T0412): ", wrong_operand),
    Explanation(r"States\.ItemReaderFailed", r"The specified (bucket|key) does not exist", cannot_read),
    Explanation(r"States\.ResultWriterFailed", r"The specified (bucket) does not exist", cannot_write),
    Explanation(r"States\.ExceedToleratedFailureThreshold", r"", too_many_failures),
    Explanation(r"States\.Runtime", r"Failed to transition out of the state", no_rule),
    Explanation(r"States\.Runtime", r"maximum number of history events", history_full),
    Explanation(r"States\.DataLimitExceeded", r"", too_large),
    Explanation(r"States\.Timeout", r"", too_late),
    Explanation(re.escape(MACHINE_TIMEOUT), r"", machine_too_late),
    Explanation(r"(?:Attribute|Index|Key|Type|Value)Error", r"", whole_payload),
    Explanation(r".*", r"", never_caught),
)
