"""The actions on tasks that are answered from outside: task tokens, and activities with their workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sfnb.engine.activities import ActivityRecord, ActivityTask
from sfnb.engine.tokens import TaskToken
from sfnb.service import shelf
from sfnb.service.names import is_name
from sfnb.service.refusals import ActivityAlreadyExists, InvalidName
from sfnb.service.tags import Tags
from sfnb.values import Payload


class Callbacks(Tags):
    """Hands on to the registry's tokens and activities."""

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

    def create_activity(
        self,
        name: str,
        *,
        key_id: str | None = None,
        reuse_seconds: int | None = None,
        kept: bool = False,
        tags: Mapping[str, str] | None = None,
    ) -> ActivityRecord:
        """An activity of this name, which may have been there before, and keeps its tags then.

        kept: it outlives the process. Raises InvalidName, ActivityAlreadyExists, TooManyTags,
        ValidationException.
        """
        if not is_name(name):
            raise InvalidName(f"Invalid Name: '{name}'")
        self.check_tags(tags or {}, name)
        record = ActivityRecord(
            arn=self._arn("activity", name),
            name=name,
            creation_date=self.clock().now(),
            key_id=key_id,
            reuse_seconds=reuse_seconds,
        )
        with self._changing:
            self._holdings()  # activities that are kept are read along with machines
            before = self.registry.activities.find(record.arn)
            found = before or record
            if (found.key_id, found.reuse_seconds) != (key_id, reuse_seconds):
                raise ActivityAlreadyExists(f"Activity Already Exists: '{found.arn}'")
            if before is None and (kept or tags):
                self._put_tags(record.arn, tags or {})
            if kept:
                shelf.keep_activity(self.store, found)
            return self.registry.activities.create(found)

    def describe_activity(self, arn: str) -> ActivityRecord:
        """Raises ActivityDoesNotExist, InvalidArn."""
        self._holdings()
        return self.registry.activities.describe(arn)

    def list_activities(self) -> list[ActivityRecord]:
        """By name."""
        self._holdings()
        return sorted(self.registry.activities.list(), key=lambda record: record.name)

    def delete_activity(self, arn: str) -> None:
        """Also one that is not there; raises InvalidArn."""
        with self._changing:
            self._holdings()
            if self.registry.activities.find(arn) is None:
                return
            shelf.drop(self.store, arn)
            shelf.keep_tags(self.store, arn, {})
            self._forget_tags(arn)
            self.registry.activities.delete(arn)

    def get_activity_task(
        self,
        activity_arn: str,
        worker_name: str | None = None,
        *,
        wait_seconds: float = 60,
        has_gone: Callable[[], bool] = lambda: False,
    ) -> ActivityTask | None:
        """The next task of an activity; waits for one, in real time, and answers None if none came.

        has_gone: whether the worker has, so that no task may be taken for it; see `Activities.look_again`.
        The worker answers with `send_task_success` or `send_task_failure`.
        Raises ActivityDoesNotExist, InvalidArn; StoreFault where it cannot be kept that the task was taken.
        """
        self._holdings()
        return self.registry.activities.take(activity_arn, worker_name, wait_seconds, has_gone)
