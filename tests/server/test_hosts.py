"""Which requests may come in by the names that they carry."""

from __future__ import annotations

import pytest

from sfnb.server.hosts import ForeignRequest, Hosts


@pytest.mark.parametrize(
    "host",
    [
        "localhost:8083",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1:8083",
        "[::1]:8083",
        "sync-localhost:8083",
        "sync-127.0.0.1:8083",
        "sync-[::1]:8083",
        "sfn.localhost:8083",
        "sync-sfn.localhost:8083",
        "127.0.0.2:80",
        "build-host:8083",
        "sync-build-host",
    ],
)
def test_requests_for_this_server_come_in(host: str) -> None:
    Hosts("127.0.0.2", ["Build-Host"]).check(host, None)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:8083",
        "evil.example:localhost",
        "localhost@evil.example",
        "[::1].evil.example",
        "sync-evil.example",
        "10.0.0.7:8083",
        "sync-sync-localhost",
    ],
)
def test_requests_for_another_host_do_not(host: str | None) -> None:
    with pytest.raises(ForeignRequest, match="--allow-host"):
        Hosts("127.0.0.1").check(host, None)


@pytest.mark.parametrize("origin", ["http://localhost:8083", "http://127.0.0.1:8888", "http://[::1]:1"])
def test_pages_of_this_machine_may_call(origin: str) -> None:
    Hosts("127.0.0.1").check("localhost:8083", origin)


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "https://localhost.evil.example", "http://[", "file://"],
)
def test_pages_of_other_sites_may_not(origin: str) -> None:
    with pytest.raises(ForeignRequest, match="may not call"):
        Hosts("127.0.0.1").check("localhost:8083", origin)


def test_a_request_that_the_browser_calls_another_sites_does_not_come_in() -> None:
    with pytest.raises(ForeignRequest, match="other sites"):
        Hosts("127.0.0.1").check("localhost:8083", None, "cross-site")

    Hosts("127.0.0.1").check("localhost:8083", None, "same-origin")


@pytest.mark.parametrize("bound", ["0.0.0.0", "::"])
def test_a_server_at_every_address_may_be_asked_for_by_any_address_but_by_no_name(bound: str) -> None:
    Hosts(bound).check("10.0.0.7:8083", None)
    Hosts(bound).check("[fe80::1]:8083", None)
    with pytest.raises(ForeignRequest):
        Hosts(bound).check("evil.example", None)


@pytest.mark.parametrize("bound", ["", "0.0.0.0"])
def test_a_page_of_no_origin_may_not_call_whatever_is_listened_at(bound: str) -> None:
    with pytest.raises(ForeignRequest, match="may not call"):
        Hosts(bound, [""]).check("10.0.0.7:8083", "null")


def test_a_star_lets_every_name_in() -> None:
    Hosts("127.0.0.1", ["*"]).check("evil.example", "http://evil.example", "cross-site")
