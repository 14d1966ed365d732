"""URLs of brokers."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfnb.triggers.iot.mqtt import Address, BadAddress, Brokers, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://localhost", Address(scheme="mqtt", host="localhost", port=1883)),
        ("mqtts://h/", Address(scheme="mqtts", host="h", port=8883, path="/")),
        ("ws://h:9001", Address(scheme="ws", host="h", port=9001)),
        ("wss://h/other", Address(scheme="wss", host="h", port=443, path="/other")),
        ("mqtt://[::1]:1884", Address(scheme="mqtt", host="::1", port=1884)),
        (
            "mqtt://me:p%40ss%2F@h:1",
            Address(scheme="mqtt", host="h", port=1, username="me", password="p@ss/"),
        ),
    ],
)
def test_a_url_names_a_broker(url: str, address: Address) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "no scheme"),
        ("localhost:1883", "localhost://"),
        ("http://h", "http://"),
        ("mqtt://", "names no host"),
        ("mqtt://a b", "names no host"),
        ("mqtt://h:0", "port 0"),
        ("mqtt://h:66000", "port is no number"),
        ("mqtt://h:x", "port is no number"),
        ("mqtt://[::1", "malformed"),
        ("mqtt://h/path", "has a path"),
        ("mqtt://me:sec#ret@h", "%23"),
        ("mqtt://h?ca=/x", "needs mqtts"),
        ("mqtts://h?ca=/nowhere/x.pem", "no such file"),
        ("mqtts://h?verify=no", "'verify'"),
        ("mqtt://" + "h" * 3000, "3007 characters"),
    ],
)
def test_another_url_is_refused_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(BadAddress, match="the broker's URL") as wrong:
        parse_address(url)
    assert why in str(wrong.value)


@pytest.mark.parametrize(
    "url", ["mqtt://me:secret@h:x", "mqtt://me:sec[ret@h", "mqtts://me:secret@h?a=b", "x://me:secret@h"]
)
def test_no_refusal_shows_a_password(url: str) -> None:
    with pytest.raises(BadAddress) as wrong:
        parse_address(url)
    assert "sec" not in str(wrong.value)


def test_an_address_is_shown_without_its_secrets() -> None:
    address = parse_address("mqtt://me:secret@h")
    assert (str(address), repr(address)) == ("mqtt://h:1883", "Address('mqtt://h:1883')")


def test_certificates_that_are_none_are_refused_at_once(tmp_path: Path) -> None:
    pem = tmp_path / "ca.pem"
    pem.write_text("nothing")
    with Brokers() as brokers, pytest.raises(BadAddress, match="cannot be used"):
        brokers.connect(f"mqtts://h?ca={pem}", "kernel")
    with pytest.raises(BadAddress, match="expected both or none"):
        parse_address(f"mqtts://h?cert={pem}")
