"""An AWS of one's own, in this process: moto behind a port of this computer.

Only what is given its sessions goes there: unlike moto's `mock_aws` it leaves every other use of boto3 in
the process as it is, and neither profiles nor credentials of the user come near it. What is made in it is
there until the process ends, or until `empty` is called; moto keeps it in memory, once for a process.
"""

from __future__ import annotations

import importlib.util
import logging
import threading
import urllib.request
from typing import Any

from sfnb.errors import SfnbError
from sfnb.integrations.aws import Aws

ACCOUNT = "123456789012"
"""moto's own, and sfnb's."""
FAULT = "X-Moto-Fault"
"""The header of an answer that moto could not give: how it failed, empty where it has no such action."""
LONGEST_FAULT = 300
NO_SUCH_PLACE = b"<!doctype html>"
"""How Flask's page begins that says that there is nothing at an address."""


class LocalAws(Aws):
    """The way to an AWS in this process, which starts with it; raises SfnbError without moto."""

    proxies = {}
    in_process = True

    def __init__(self, *, region: str) -> None:
        for library in ("moto", "flask"):
            if importlib.util.find_spec(library) is None:
                raise SfnbError('an AWS in this process needs moto: pip install "sfnb[local-aws]"')
        self._server, self._thread = _started()
        host, port = self._server.server_address[:2]
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
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

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
        bare.register("after-call", _say_what_is_lacking)
        own = {
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
            "region_name": self._region,
        }
        return boto3.Session(**{**own, **given}, botocore_session=bare)


def _say_what_is_lacking(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    """Put words to an answer that `_app` has given for moto; called by botocore after each call."""
    fault = http_response.headers.get(FAULT)
    if fault is None:
        return
    action = f"{model.service_model.service_id} {model.name}"
    words = f"moto fails at {action}: {fault}" if fault else f"moto has no {action}"
    parsed["Error"] = {"Code": "NotImplemented", "Message": f"The AWS in this process cannot do it: {words}"}


def _started() -> tuple[Any, threading.Thread]:
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    log = logging.getLogger("werkzeug")
    if log.level == logging.NOTSET:
        log.setLevel(logging.WARNING)  # else it prints a line for each request
    server = make_server("127.0.0.1", 0, _app(), threaded=True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever, name="sfnb-local-aws", daemon=True)
    thread.start()
    return server, thread


def _app() -> Any:
    """moto's application, which answers where moto would print a traceback, or has but a page of HTML."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    class App(DomainDispatcherApplication):
        def get_backend_for_host(self, host: str | None) -> Any:
            """Raises NotImplementedError for a service that moto would print of that it is lacking."""
            known = (pattern.match(f"http://{host}") for _, pattern in self.backend_url_patterns)
            if host is not None and "amazonaws.com" in host and not any(known):
                raise NotImplementedError(host)
            return super().get_backend_for_host(host)

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            begun: list[Any] = []
            try:
                body = super().__call__(environ, lambda *given: begun.append(given))
                if begun[-1][0][:3] in ("404", "405"):
                    body = [b"".join(body)]
                    if body[0].startswith(NO_SUCH_PLACE):
                        raise NotImplementedError(environ.get("PATH_INFO"))
            except NotImplementedError:
                fault = ""
            except Exception as error:
                fault = ascii(f"{type(error).__name__}: {error}")[1:-1][:LONGEST_FAULT]
            else:
                start_response(*begun[-1])
                return body
            start_response("501 Not Implemented", [(FAULT, fault), ("Content-Length", "0")])
            return []

    return App(create_backend_app)
