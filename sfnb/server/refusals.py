"""What is refused, before a protocol has written it: a code of AWS, a sentence, an HTTP status.

An exception is the error of AWS that it is called as, if the model of the service lists that error or every
service of AWS has it.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

from sfnb.errors import ExecutionOwned, SfnbError, StoreFault
from sfnb.server.checks import BrokenConstraints, SerializationException, errors
from sfnb.service import ServiceClosed

log = logging.getLogger("sfnb")

COMMON_CODES = frozenset(
    {"AccessDeniedException", "ThrottlingException", "UnknownOperationException", "ValidationException"}
)
"""Errors of every service of AWS, which its model need not list."""

Origin = Literal["service", "checks", "common"]


class Refusal(NamedTuple):
    """An error, still without its form.

    origin: who refuses: the service itself, the checks of its input, or what all services share.
    details: further members of the error's shape, by the model's names.
    """

    code: str
    message: str
    status: int = 400
    origin: Origin = "common"
    details: Mapping[str, Any] = {}


def refusal_of(fault: SfnbError, service: str) -> Refusal:
    """A refusal as AWS's error of its name; one that AWS has no name for is a failure of the server.

    service: botocore's name of it.
    """
    words = str(fault)
    match fault:
        case BrokenConstraints():
            return Refusal("ValidationException", words, origin="checks")
        case SerializationException():
            return Refusal("SerializationException", words)
        case ServiceClosed() | StoreFault():
            return Refusal("ServiceUnavailable", words, HTTPStatus.SERVICE_UNAVAILABLE)
        case ExecutionOwned():
            return Refusal("ConflictException", words, origin="service")
    known = errors(service)
    for kind in type(fault).__mro__:
        if kind.__name__ in known:
            shape = known[kind.__name__]
            return Refusal(kind.__name__, words, _status(shape), "service", _details(fault, shape))
        if kind.__name__ in COMMON_CODES:
            return Refusal(kind.__name__, words)
    log.error("a refusal that AWS has no name for: %s", type(fault).__name__)
    return Refusal("InternalFailure", words, HTTPStatus.INTERNAL_SERVER_ERROR)


def failure(fault: Exception, what: str | None) -> Refusal:
    """A fault of ours, which the client is told nothing of. what: was asked for.

    The words of the fault may quote a payload: the log has its type and place alone.
    """
    places = "".join(traceback.format_tb(fault.__traceback__))
    log.error("%s failed with %s\n%s", what, type(fault).__name__, places)
    return Refusal(
        "InternalFailure",
        "the server failed at this request; its log says where",
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def _status(shape: Any) -> int:
    return int(shape.metadata.get("error", {}).get("httpStatusCode", 400))


def _details(fault: SfnbError, shape: Any) -> dict[str, Any]:
    """What else an error tells: attributes of the exception called as its members, in snake_case."""
    attributes = {name: _snake_case(name) for name in shape.members if name.lower() != "message"}
    told = {name: getattr(fault, attribute, None) for name, attribute in attributes.items()}
    return {name: value for name, value in told.items() if value is not None}


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
