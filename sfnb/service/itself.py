"""What this process is itself, for tasks that call it: Step Functions (`aws-sdk:sfn:...`), EventBridge."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfnb.service.step_functions import StepFunctions


class Itself:
    """A way to AWS that ends here, for what `server.client.client` knows. Fulfils the port `AwsSession`."""

    place = "this process"
    in_process = True

    def __init__(self, service: StepFunctions) -> None:
        self._service = service
        self._making = threading.Lock()
        self._clients: dict[str, Any] = {}

    def model(self, service: str) -> Any:
        import botocore.session

        return botocore.session.get_session().get_service_model(service)

    def client(
        self, service: str, *, region: str, role_arn: str | None = None, only: str | None = None
    ) -> Any:
        """A boto3 client without a socket; a role is not taken on."""
        from sfnb.server.client import client

        with self._making:
            if service not in self._clients:
                self._clients[service] = client(service, service=self._service)
            return self._clients[service]

    def credentials(self, *, region: str, role_arn: str | None = None) -> Any:
        """None are needed."""
        return None
