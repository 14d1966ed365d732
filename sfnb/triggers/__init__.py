"""What starts executions: a row for each kind, and the class that knows it, imported when it is used."""

from __future__ import annotations

from collections.abc import Mapping

TRIGGERS: Mapping[str, str] = {
    "event": "sfnb.triggers.rules:Rules",
    "file": "sfnb.triggers.files:Files",
    "http": "sfnb.triggers.routes:Routes",
    "iot": "sfnb.triggers.topic_rules:TopicRules",
    "queue": "sfnb.triggers.pipes:Queues",
    "schedule": "sfnb.triggers.scheduler:Schedules",
}

PREFIX = "/api"
"""Under which the server has the routes of API Gateway; their OpenAPI document is right there."""
