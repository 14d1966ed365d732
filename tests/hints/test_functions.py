"""Functions that were not there when they were called."""

from __future__ import annotations

from typing import Any

from sfnb.explain import hints
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

from .shop import run


def test_a_function_that_has_come_since_is_one_to_redrive_for(machine: Any, service: StepFunctions) -> None:
    ended = run(machine(Type="Task", Resource="ghost"))
    assert "define one in a cell" in ended.summary()

    service.registry.functions["ghost"] = lambda order: 1

    assert hints(ended) == [
        'there was no Python function for "ghost" then, and now there is: ex.redrive() goes on with it'
    ]
    assert ended.redrive().status == "SUCCEEDED"


def test_so_is_one_that_stands_for_a_service(machine: Any, service: StepFunctions) -> None:
    ended = run(machine(Type="Task", Resource="arn:aws:states:::sqs:sendMessage", Parameters={"a": 1}))
    service.registry.functions["sqs:sendMessage"] = lambda message: 1

    assert hints(ended)[0].startswith('there was no Python function for "sqs:sendMessage" then, and now')


def test_a_function_called_as_the_state_stands_for_it_in_its_machine_alone(
    machine: Any, service: StepFunctions
) -> None:
    shop = machine(Type="Task", Resource="ghost")
    ended = run(shop)
    service.registry.functions["S"] = lambda order: 1
    assert hints(ended)[0].startswith('no Python function stands for "ghost"')

    shop.tasks["S"] = lambda order: 1
    assert hints(ended)[0].endswith("now there is: ex.redrive() goes on with it")


def test_where_nothing_can_be_redriven_it_is_run_again(machine: Any, service: StepFunctions) -> None:
    express = machine(Type="Task", Resource="ghost")
    ended = run(load_machine(service, express.tree, name="quick", type="EXPRESS"))
    service.registry.functions["ghost"] = lambda order: 1

    assert hints(ended) == ['there was no Python function for "ghost" then, and now there is: run it again']
