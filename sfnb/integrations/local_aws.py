"""An AWS of one's own, in this process: moto behind a port of this computer.

Only what is given its sessions goes there: unlike moto's `mock_aws` it leaves every other use of boto3 in
the process as it is, and neither profiles nor credentials of the user come near it. What is made in it is
there until the process ends, or until `empty` is called; moto keeps it in memory, once for a process.
"""

from __future__ import annotations

import importlib.util
import logging
import urllib.request
from typing import Any

from sfnb.errors import SfnbError
from sfnb.integrations.aws import Aws

ACCOUNT = "123456789012"
"""moto's own, and sfnb's."""


class LocalAws(Aws):
    """The way to an AWS in this process, which starts with it; raises SfnbError without moto."""

    proxies = {}
    in_process = True

    def __init__(self, *, region: str) -> None:
        for library in ("moto", "flask"):
            if importlib.util.find_spec(library) is None:
                raise SfnbError('an AWS in this process needs moto: pip install "sfnb[local-aws]"')
        self._server = _started()
        host, port = self._server.get_host_and_port()
        super().__init__(endpoint_url=f"http://{host}:{port}", region=region)

    @property
    def region(self) -> str:
        assert self._region is not None
        return self._region

    def empty(self) -> None:
        """Forget all that is in it."""
        request = urllib.request.Request(f"{self._endpoint_url}/moto-api/reset", method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(request, timeout=10).close()

    def close(self) -> None:
        """Free the port; what is in it stays in memory."""
        self._server.stop()

    @property
    def place(self) -> str:
        return "an AWS in this process"

    def _new_session(self, **given: str | None) -> Any:
        """With credentials that are none, unless some are given, and never with the user's own files."""
        import boto3
        import botocore.session

        bare = botocore.session.Session()
        bare.session_var_map["profile"] = (None, None, None, None)
        for variable in ("config_file", "credentials_file"):
            bare.session_var_map[variable] = (None, None, "", None)
        own = {
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
            "region_name": self._region,
        }
        return boto3.Session(**{**own, **given}, botocore_session=bare)


def _started() -> Any:
    from moto.server import ThreadedMotoServer

    log = logging.getLogger("werkzeug")
    if log.level == logging.NOTSET:
        log.setLevel(logging.WARNING)  # else it prints a line for each request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    return server
