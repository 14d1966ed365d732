"""Step Functions in this process, its records and its refusals."""

from __future__ import annotations

from sfnb.asl.machine import MachineType
from sfnb.service.names import check_name, usable_name
from sfnb.service.records import Live, StateMachineRecord
from sfnb.service.refusals import (
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    ExecutionNotRedrivable,
    ExecutionNotResumable,
    InvalidExecutionInput,
    InvalidName,
    ServiceClosed,
    StateMachineDoesNotExist,
    StateMachineTypeNotSupported,
    TasksMissing,
)
from sfnb.service.step_functions import BUCKETS, StepFunctions

__all__ = [
    "BUCKETS",
    "ExecutionAlreadyExists",
    "ExecutionDoesNotExist",
    "ExecutionNotRedrivable",
    "ExecutionNotResumable",
    "InvalidExecutionInput",
    "InvalidName",
    "Live",
    "MachineType",
    "ServiceClosed",
    "StateMachineDoesNotExist",
    "StateMachineRecord",
    "StateMachineTypeNotSupported",
    "StepFunctions",
    "TasksMissing",
    "check_name",
    "usable_name",
]
