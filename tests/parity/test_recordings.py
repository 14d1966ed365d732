"""The comparison judged on the recordings: each is equal to itself, and to no mutation of itself."""

from __future__ import annotations

import pytest

from .loader import Case, is_selected, load_cases, normalise
from .mutations import Mutation, mutations, sample
from .placeholders import Bindings
from .replay import ReplayWorld, fill, with_texts
from .runner import Run, differences, run_in_new_world
from .unify import unify

CASES = load_cases()
needs_recordings = pytest.mark.skipif(not CASES, reason="the recordings of ../shared/parity are not here")
MUTATIONS_PER_ANSWER = 12


def test_all_recordings_are_read_and_288_are_selected() -> None:
    if not CASES:
        pytest.skip("the recordings of ../shared/parity are not here")
    assert len(CASES) == 369
    assert sum(map(is_selected, CASES)) == 288


@needs_recordings
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_recording_is_equal_to_itself_and_to_no_mutation_of_it(case: Case) -> None:
    bindings: Bindings = {}
    for key, expected in case.expected.items():
        answer = with_texts(fill(expected, bindings))
        mine = normalise(answer) if isinstance(answer, dict) else answer
        if isinstance(expected, dict) and "ResponseMetadata" not in expected:
            mine = {name: mine[name] for name in expected}
        assert unify(expected, mine, {}, recorded=case.recorded_at) == []
        assert _accepted_mutations(case, key, mine) == []


def _accepted_mutations(case: Case, key: str, answer: object) -> list[Mutation]:
    expected = case.expected[key]
    found = sample(list(mutations(expected, answer)), MUTATIONS_PER_ANSWER, f"{case.id} {key}")
    return [
        mutation
        for mutation in found
        if not unify(expected, mutation.apply(answer), {}, recorded=case.recorded_at)
    ]


SELECTED = [case for case in CASES if is_selected(case) and set(case.not_from_one_call) <= {"cases"}]
"""What a world that replays can answer: nothing that was collected elsewhere, as from a queue."""


@pytest.mark.parametrize("case", SELECTED, ids=lambda case: case.id)
def test_a_replayed_case_passes_in_both_grades(case: Case) -> None:
    run = run_in_new_world(case, ReplayWorld)
    assert differences(run, "strict") == []
    assert differences(run, "lenient") == []


@pytest.mark.parametrize("case", SELECTED, ids=lambda case: case.id)
def test_every_answer_of_a_run_counts_in_the_strict_grade(case: Case) -> None:
    run = run_in_new_world(case, ReplayWorld)
    for key, expected in case.expected.items():
        found = sample(list(mutations(expected, run.answers[key])), 2, case.id)
        for mutation in found:
            wrong = run.answers | {key: mutation.apply(run.answers[key])}
            assert differences(Run(case=case, answers=wrong, given=run.given), "strict"), mutation


def test_a_run_that_breaks_off_passes_in_no_grade() -> None:
    if not SELECTED:
        pytest.skip("the recordings of ../shared/parity are not here")
    run = Run(case=SELECTED[0], answers={}, given={}, fault="step 1, CreateStateMachine: NotImplementedError")
    assert [one.got for one in differences(run, "lenient")] == [run.fault]
