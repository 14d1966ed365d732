"""The actions on tasks that are answered from outside: task tokens, and activities with their workers."""

from __future__ import annotations

from sfnb.engine.activities import ActivityRecord, ActivityTask
from sfnb.engine.tokens import TaskToken
from sfnb.registry import Registry
from sfnb.service.account import Account
from sfnb.service.names import is_name
from sfnb.service.refusals import InvalidName
from sfnb.values import Payload


class Callbacks(Account):
    """Hands on to the registry's tokens and activities."""

    registry: Registry

    def send_task_success(self, task_token: str, output: str | Payload) -> None:
        """Answer the task behind a token with JSON text, or with a payload.

        Raises InvalidToken, TaskDoesNotExist, TaskTimedOut (nobody waits any more), InvalidOutput.
        """
        self.registry.tokens.succeed(task_token, output)

    def send_task_failure(self, task_token: str, error: str | None = None, cause: str | None = None) -> None:
        """Fail the task behind a token; raises as `send_task_success` does."""
        self.registry.tokens.fail(task_token, error, cause)

    def send_task_heartbeat(self, task_token: str) -> None:
        """Show that the task is being worked at: its HeartbeatSeconds begin anew."""
        self.registry.tokens.heartbeat(task_token)

    def list_task_tokens(self, execution_arn: str | None = None) -> list[TaskToken]:
        """The tokens that are waited for, oldest first; of one execution, if its ARN is given."""
        return self.registry.tokens.list(execution_arn)

    def create_activity(self, name: str) -> ActivityRecord:
        """An activity of this name, which may have been there before; raises InvalidName."""
        if not is_name(name):
            raise InvalidName(f"Invalid Name: '{name}'")
        arn = self._arn("activity", name)
        record = ActivityRecord(arn=arn, name=name, creation_date=self.clock().now())
        return self.registry.activities.create(record)

    def describe_activity(self, arn: str) -> ActivityRecord:
        """Raises ActivityDoesNotExist, InvalidArn."""
        return self.registry.activities.describe(arn)

    def list_activities(self) -> list[ActivityRecord]:
        return self.registry.activities.list()

    def delete_activity(self, arn: str) -> None:
        """Also one that is not there; raises InvalidArn."""
        self.registry.activities.delete(arn)

    def get_activity_task(
        self, activity_arn: str, worker_name: str | None = None, *, wait_seconds: float = 60
    ) -> ActivityTask | None:
        """The next task of an activity; waits for one, in real time, and answers None if none came.

        The worker answers with `send_task_success` or `send_task_failure`.
        Raises ActivityDoesNotExist, InvalidArn; StoreFault where it cannot be kept that the task was taken.
        """
        return self.registry.activities.take(activity_arn, worker_name, wait_seconds)
