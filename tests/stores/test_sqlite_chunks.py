"""Records as they lie in the file; what the first version wrote stays readable."""

from __future__ import annotations

import base64
from typing import Union

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.stores.sqlite.chunks import (
    MOST_CHARACTERS,
    MOST_RECORDS,
    TEXTS_DEFLATED_TO,
    chunks,
    decoded,
    event_classes,
)
from sfnb.stores.sqlite.texts import TextPool, rebuilt, shared_end, shared_start
from tests.stores.logs import NOON, begun, passes

# What the first version wrote: never to be made anew.

PLAIN = base64.b64decode(
    "cJGGpHR5cGWwUGFzc1N0YXRlRW50ZXJlZKJpZAKxcHJldmlvdXNfZXZlbnRfaWQBqXRpbWVzdGFtcNb/aVZhwKRuYW1loUGl"
    "aW5wdXSie30="
)
DEFLATED = base64.b64decode(
    "engBpdFPS8MwGAbwbmsnevXqYezgbbDOv+tpl90UBoLXEZZ3GLBpSd7OyRh40c/gUWY3nQjOb+CnUHYRv8lsV7VkuRTMMSG/"
    "PHne2+sQL32YNfvQCZB5/ASJQKAjRnOvvoAe8wLZhh5wbDNqTJG5IJG4/vuCnZK3MeN+gKPB8NPYWIFa54TzJWToUG4VmsJv"
    "gHGXCYkPLumcMQ7zOhHcIRfSiV5FkE4gK0AkVmzHru3s7u0fHNardi05PU7uOJ6gIOTzD9HmxIVJsvdEocs4iz86b9B/rolP"
    "RNTLvUv8qAcKffMm6aBFpIx6RGhyBLHsIJ+hgzAOGh55XsxFtT4OyrzslOxhwr6kbJ8lIyroaj5t9mNh5Nbv4jGl8sQLUKdn"
    "Kf2X2NTtgmLnNxuqnTW1pcumIhe2vlQ5e+qibluKbW5fqXbW1Gu6XFRkq1pS5dXU3+tdcPk="
)
WITH_TEXTS = base64.b64decode(
    "dJPErnp4AYXPPQrCQBCG4ZjggTyChX1AsQ0jO8qg2Sy7kzW2gmitF8hKIoiFPyfwFF5HkzSCKayme95vDtuCVwpvIRgzZGAc"
    "SEaN4kjCvyuNlpLURGhRckSic2aK0TDE6vWmMTzLqYYY912vkNV1/ZKkSjnfNej1i2bEjRm0Tf+feUpSrtFHNZFmEkVkQRNM"
    "FmjWzuZu6XqbpncZgZmHmqoP6v1euxX8tgrGjPMP8cB0MpSUAKVpbnB1dADAlAGmb3V0cHV0AcCUAbJhc3NpZ25lZF92YXJp"
    "YWJsZXMAoXaUAqR0ZXh0AsDEQ3p4AZt8lP1GtVKikpVSxSgYDYHREBgNgdEQGA2B0RAY8iGgVDv5LPt1xiOcOkpJwOr98Eql"
    "I2zJiWlvN68EAPDTuAU="
)


X_2000 = '{"a":"' + "x" * 2_000 + '"'
OF_TEXTS: list[ev.Event] = [
    ev.PassStateEntered(
        id=2, previous_event_id=1, timestamp=NOON, frame=(5, 0), name="A", input=X_2000 + "}"
    ),
    ev.PassStateExited(
        id=3,
        previous_event_id=2,
        timestamp=NOON,
        frame=(5, 0),
        name="A",
        output=X_2000 + ',"b":"é"}',
        assigned_variables={"v": X_2000 + "}", "w": "1"},
    ),
    facts.TaskPrinted(id=0, previous_event_id=3, timestamp=NOON, text="caf\udce9"),
]


def test_a_plain_chunk_of_the_first_version_is_read() -> None:
    entered = ev.PassStateEntered(id=2, previous_event_id=1, timestamp=NOON, name="A", input="{}")

    assert decoded(PLAIN) == [entered]


def test_a_deflated_chunk_of_the_first_version_is_read() -> None:
    planned = begun("first", definition="d" * 64, parent="map", index=4)

    assert decoded(DEFLATED) == [*planned, *passes(6)]


def test_a_chunk_with_large_texts_of_the_first_version_is_read() -> None:
    assert decoded(WITH_TEXTS) == OF_TEXTS


# Changes of the classes


def packed(**fields: object) -> bytes:
    """A plain chunk with one record, as another version would have written it."""
    record = {"id": 7, "previous_event_id": 6, "timestamp": NOON, **fields}
    return b"p" + msgspec.msgpack.encode([record])


def test_fields_that_an_older_version_did_not_have_are_at_their_defaults() -> None:
    (event,) = decoded(packed(type="ExecutionPlanned", execution="e", machine="m", machine_name="n"))

    assert event == facts.ExecutionPlanned(
        id=7, previous_event_id=6, timestamp=NOON, execution="e", machine="m", machine_name="n"
    )


def test_fields_that_only_a_later_version_has_are_left_out() -> None:
    (event,) = decoded(packed(type="PassStateEntered", name="A", input="1", colour="red"))

    assert event == ev.PassStateEntered(id=7, previous_event_id=6, timestamp=NOON, name="A", input="1")


def test_a_class_with_a_new_field_that_has_a_default_reads_old_records() -> None:
    grown = msgspec.defstruct(
        "PassStateEntered",
        [("colour", str, "blue")],
        bases=(ev.StateEntered,),
        kw_only=True,
        frozen=True,
        gc=False,
    )
    old = msgspec.msgpack.encode(
        [ev.PassStateEntered(id=1, previous_event_id=0, timestamp=NOON, name="A", input="")]
    )
    others = tuple(kind for kind in event_classes() if kind is not ev.PassStateEntered)

    (event,) = msgspec.msgpack.decode(old, type=list[Union[(grown, *others)]])  # type: ignore[misc]
    assert (event.name, event.colour) == ("A", "blue")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"?",
        b"p",
        b"z" + b"garbage",
        DEFLATED[:-20],
        WITH_TEXTS[:-20],
        b"t" + DEFLATED,
        packed(type="ThoughtOfLater"),
        packed(type="PassStateEntered", name=7, input=""),
    ],
)
def test_what_cannot_be_read_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        decoded(data)


def test_every_class_of_events_and_facts_can_be_kept() -> None:
    for module in (ev, facts):
        for name, kind in vars(module).items():
            if isinstance(kind, type) and issubclass(kind, ev.Event) and not name.startswith("_"):
                assert kind in event_classes()


# Sizes


def test_a_loop_takes_a_few_bytes_an_event() -> None:
    (chunk,) = chunks(passes(2_000))

    assert (chunk.count, chunk.last_id) == (2_000, 2_001)
    assert len(chunk.data) / 2_000 < 20


def test_a_large_text_that_many_events_have_is_kept_once() -> None:
    payload = "".join(map(str, range(2_000)))
    (chunk,) = chunks(passes(100, payload=payload))

    assert len(chunk.data) < len(payload) + 2_000
    assert [event.id for event in decoded(chunk.data)] == list(range(2, 102))
    assert {getattr(event, "input", payload) for event in decoded(chunk.data)} == {payload}


def test_of_large_texts_that_differ_in_one_place_the_difference_is_kept() -> None:
    members = [f'"member {n}": {n * 7_919}' for n in range(10_000)]
    log: list[ev.Event] = []
    for at in range(10):
        members[at * 900] = f'"member {at * 900}": "changed"'
        text = "{" + ",".join(members) + "}"
        log.append(ev.PassStateExited(id=at + 1, previous_event_id=at, timestamp=NOON, name="S", output=text))
    (chunk,) = chunks(log)

    assert len(chunk.data) > TEXTS_DEFLATED_TO  # not for being deflated
    assert len(chunk.data) < len(log[0].output) + 2_000  # type: ignore[attr-defined]
    assert decoded(chunk.data) == log


def test_a_long_append_becomes_chunks_of_a_bounded_size() -> None:
    log = [*passes(MOST_RECORDS + 1)]
    assert [chunk.count for chunk in chunks(log)] == [MOST_RECORDS, 1]

    distinct = [
        ev.PassStateExited(
            id=n, previous_event_id=0, timestamp=NOON, name="S", output=f"{n}" + "y" * 1_000_000
        )
        for n in range(10)
    ]
    parts = list(chunks(distinct))
    assert [chunk.count for chunk in parts] == [MOST_CHARACTERS // 1_000_000 + 1] * 2
    assert [event for chunk in parts for event in decoded(chunk.data)] == distinct


def test_a_chunk_of_facts_alone_has_no_last_event() -> None:
    (chunk,) = chunks([OF_TEXTS[-1]])

    assert (chunk.count, chunk.last_id) == (1, 0)


# Texts

PIECES = st.lists(
    st.builds(lambda char, count: char * count, st.sampled_from("abé😀\udcff"), st.integers(0, 700)),
    max_size=6,
).map("".join)


@given(st.lists(PIECES, max_size=8))
def test_a_pool_gives_back_every_text(texts: list[str]) -> None:
    pool = TextPool()
    places = [pool.place(text) for text in texts]

    assert [rebuilt(pool.kept)[place] for place in places] == texts


@given(PIECES, PIECES)
def test_the_shared_ends_of_two_texts_are_as_long_as_can_be(one: str, other: str) -> None:
    start = shared_start(one, other)
    end = shared_end(one, other, min(len(one), len(other)))

    assert one[:start] == other[:start]
    assert one[start : start + 1] != other[start : start + 1] or start == len(one) == len(other)
    assert one[len(one) - end :] == other[len(other) - end :]
    assert end == min(len(one), len(other)) or one[-end - 1] != other[-end - 1]
