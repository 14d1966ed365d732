"""Step Functions in this process, its records and its refusals."""

from __future__ import annotations

from sfnb.asl.machine import MachineType
from sfnb.service.names import check_name, usable_name
from sfnb.service.records import Live, StateMachineRecord
from sfnb.service.refusals import (
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    InvalidExecutionInput,
    InvalidName,
    StateMachineDoesNotExist,
    StateMachineTypeNotSupported,
)
from sfnb.service.step_functions import BUCKETS, StepFunctions

__all__ = [
    "BUCKETS",
    "ExecutionAlreadyExists",
    "ExecutionDoesNotExist",
    "InvalidExecutionInput",
    "InvalidName",
    "Live",
    "MachineType",
    "StateMachineDoesNotExist",
    "StateMachineRecord",
    "StateMachineTypeNotSupported",
    "StepFunctions",
    "check_name",
    "usable_name",
]
