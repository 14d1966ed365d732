"""The state types, a file each."""

from sfnb.asl.state import State
from sfnb.asl.states.choice import Choice
from sfnb.asl.states.fail import Fail
from sfnb.asl.states.map_ import Map
from sfnb.asl.states.parallel import Parallel
from sfnb.asl.states.pass_ import Pass
from sfnb.asl.states.succeed import Succeed
from sfnb.asl.states.task import Task
from sfnb.asl.states.wait import Wait

STATES: dict[str, type[State]] = {
    "Task": Task,
    "Wait": Wait,
    "Pass": Pass,
    "Succeed": Succeed,
    "Fail": Fail,
    "Choice": Choice,
    "Parallel": Parallel,
    "Map": Map,
}
