"""The actions on map runs."""

from __future__ import annotations

from typing import Any

from sfnb.engine.counts import Counts
from sfnb.server.actions.looking import execution
from sfnb.server.actions.paging import page
from sfnb.service import StepFunctions
from sfnb.service.arns import checked


def describe_map_run(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    arn = params["mapRunArn"]
    checked(arn, "mapRun")
    map_run = service.map_runs.describe(arn)
    answer: dict[str, Any] = {
        "mapRunArn": arn,
        "executionArn": service.opener_of(arn),
        "status": map_run.status,
        "startDate": map_run.started,
        "maxConcurrency": map_run.max_concurrency,
        "toleratedFailurePercentage": map_run.tolerated_failure_percentage or 0.0,
        "toleratedFailureCount": map_run.tolerated_failure_count or 0,
        "itemCounts": _counts(map_run.items),
        "executionCounts": _counts(map_run.executions),
        "redriveCount": map_run.redrive_count,
    }
    if map_run.stopped is not None:
        answer["stopDate"] = map_run.stopped
    if map_run.redriven is not None:
        answer["redriveDate"] = map_run.redriven
    return answer


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "pending": counts.pending,
        "running": counts.running,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "timedOut": counts.timed_out,
        "aborted": counts.aborted,
        "total": counts.total,
        "resultsWritten": counts.results_written,
        "failuresNotRedrivable": 0,
        "pendingRedrive": 0,
    }


def list_map_runs(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    """Newest first."""
    live = execution(service, params["executionArn"])
    map_runs = service.map_runs.of_execution(live.arn)
    shown, more = page(params, f"ListMapRuns {live.arn}", map_runs, lambda map_run: -map_run.started_id)
    told = []
    for map_run in shown:
        entry: dict[str, Any] = {
            "executionArn": live.arn,
            "mapRunArn": map_run.arn,
            "stateMachineArn": f"{live.machine.arn}/{map_run.label}",
            "startDate": map_run.started,
        }
        told.append(entry if map_run.stopped is None else entry | {"stopDate": map_run.stopped})
    return {"mapRuns": told, **more}


def update_map_run(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    checked(params["mapRunArn"], "mapRun")
    service.update_map_run(
        params["mapRunArn"],
        max_concurrency=params.get("maxConcurrency"),
        tolerated_failure_count=params.get("toleratedFailureCount"),
        tolerated_failure_percentage=params.get("toleratedFailurePercentage"),
    )
    return {}
