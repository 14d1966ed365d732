"""Topics and topic filters: which are well formed, and which filter takes which topic.

The limits are those of AWS IoT Core, so that what is published here may be published there.
Source: MQTT 3.1.1, section 4.7; AWS IoT Core message broker and protocol limits.
"""

from __future__ import annotations

MOST_BYTES = 256
MOST_SLASHES = 7
BASIC_INGEST = "$aws/rules/"
LARGEST_PAYLOAD = 128 * 1024  # bytes


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a message on `topic` reaches a subscription to `topic_filter`.

    >>> matches("factory/+/temperature", "factory/7/temperature")
    True
    >>> matches("factory/#", "factory")
    True
    >>> matches("#", "$SYS/uptime")
    False
    """
    if topic.startswith("$") and topic_filter[:1] in ("+", "#"):
        return False
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        if len(levels) < len(wanted):
            return False
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(
        want in ("+", level) for want, level in zip(wanted, levels, strict=True)
    )


def fault_in_filter(topic_filter: str) -> str | None:
    """What is wrong with a topic filter, as the end of a sentence; None if nothing is.

    >>> fault_in_filter("a/#/b")
    'has # before its last level'
    """
    levels = topic_filter.split("/")
    if "#" in levels[:-1]:
        return "has # before its last level"
    if any(wild in level and level != wild for level in levels for wild in "#+"):
        return "has a level in which # or + does not stand alone"
    return _fault_in_either(topic_filter)


def fault_in_topic(topic: str) -> str | None:
    """What is wrong with the topic of a message, as the end of a sentence; None if nothing is.

    >>> fault_in_topic("a/+")
    'has a wildcard, which only a filter may have'
    """
    if "#" in topic or "+" in topic:
        return "has a wildcard, which only a filter may have"
    return _fault_in_either(topic)


def _fault_in_either(text: str) -> str | None:
    """What is wrong with a topic or filter: its length, levels or characters."""
    if not text:
        return "is empty"
    if "\0" in text:
        return "has a null character"
    counted = text
    if text.startswith(BASIC_INGEST):  # AWS counts what follows the rule's name
        counted = "/".join(text.split("/")[3:])
    try:
        size_bytes = len(counted.encode())
    except UnicodeEncodeError:
        return "is no valid Unicode text"
    if size_bytes > MOST_BYTES:
        return f"has {size_bytes} bytes, more than {MOST_BYTES}"
    if counted.count("/") > MOST_SLASHES:
        return f"has {counted.count('/')} slashes, more than {MOST_SLASHES}"
    return None
