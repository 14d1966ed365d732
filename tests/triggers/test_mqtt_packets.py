"""Packets and topics: whatever the bytes, a packet or a refusal."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from sfnb.triggers.iot.mqtt import fault_in_filter, fault_in_topic, matches
from sfnb.triggers.iot.mqtt.packets import Malformed, Publish, read_packet, write_publish


@given(st.integers(0, 255), st.binary(max_size=200))
def test_any_bytes_are_a_packet_or_malformed(first: int, body: bytes) -> None:
    with suppress(Malformed):
        read_packet(first, body)


@given(st.binary(max_size=60))
def test_any_bytes_after_a_good_beginning_are_a_connect_or_malformed(rest: bytes) -> None:
    try:
        packet = read_packet(0x10, b"\0\4MQTT\4" + rest)
    except Malformed:
        return
    assert len(rest) >= 5
    assert packet


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=50), st.binary(max_size=300))
def test_a_message_is_read_as_it_was_written(topic: str, payload: bytes) -> None:
    for qos in (0, 1):
        message = Publish(topic=topic, payload=payload, qos=qos, retain=True, packet_id=7 * qos)
        data = write_publish(message)
        start = 2 if data[1] < 0x80 else 3
        assert read_packet(data[0], data[start:]) == message


LEVELS = st.sampled_from(["a", "b", "", "+", "#", "$SYS"])


@given(st.lists(LEVELS, min_size=1, max_size=4), st.lists(LEVELS, min_size=1, max_size=4))
def test_filters_match_as_paho_says(wanted: list[str], levels: list[str]) -> None:
    topic_filter, topic = "/".join(wanted), "/".join(levels)
    if fault_in_filter(topic_filter) is None and fault_in_topic(topic) is None:
        assert matches(topic_filter, topic) == topic_matches_sub(topic_filter, topic)


@pytest.mark.parametrize(
    ("topic", "fine"),
    [
        ("a", True),
        ("/", True),
        ("a" * 256, True),
        ("é" * 129, False),
        ("/" * 7, True),
        ("/" * 8, False),
        ("$aws/rules/heat/" + "/" * 7, True),
        ("$aws/rules/heat/" + "/" * 8, False),
        ("", False),
        ("a\0", False),
        ("\ud800", False),
    ],
)
def test_topics_have_the_limits_of_aws(topic: str, fine: bool) -> None:
    assert (fault_in_topic(topic) is None) is fine
    assert (fault_in_filter(topic) is None) is fine
