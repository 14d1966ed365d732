"""What a Distributed Map reads and writes under automatic mocks.

Items come from where they really are, if they are there; else they are made up, with all that the
definition reads of them. Nothing is ever written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime

import msgspec

from sfnb.asl.commands import BatchSpec, Item, ReadSpec, Transformation, WriteSpec
from sfnb.engine.clock import SeededChance
from sfnb.engine.map_ports import Batch, ChildResult, ItemStream, MapData, ResultSink
from sfnb.errors import StatesError
from sfnb.mocks import plausible
from sfnb.mocks.fill import fill
from sfnb.mocks.plausible import Setting
from sfnb.mocks.want import Mark, Want
from sfnb.mocks.wanted import Wanted
from sfnb.values import Json, encode

COUNT = 2
"""So many items are made up."""


class MockedMapData:
    """Fulfils the port `MapData`.

    moment: what the dates in made-up items are near to.
    """

    def __init__(self, data: MapData, wanted: Wanted, moment: datetime) -> None:
        self._data = data
        self._wanted = wanted
        self._moment = moment

    def read(self, spec: ReadSpec) -> ItemStream:
        try:
            with closing(self._data.read(spec)) as stream:
                next(iter(stream), None)  # a bucket that is not there may come out only now
            return self._data.read(spec)
        except StatesError:
            return MadeUp(items_of(spec, self._wanted.items.get(spec.resource), self._moment))

    def batches(self, items: Iterable[Json], spec: BatchSpec) -> Iterator[Batch]:
        return self._data.batches(items, spec)

    def start_children(self) -> None:
        self._data.start_children()

    def writer(self, spec: WriteSpec, map_run_arn: str, run_id: str) -> ResultSink:
        return Unwritten(spec, map_run_arn, run_id)

    def result(self, children: Sequence[ChildResult], transformation: Transformation) -> list[Json]:
        return self._data.result(children, transformation)


class MadeUp:
    """An `ItemStream` of items at hand."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def close(self) -> None: ...

    @property
    def fingerprint(self) -> str:
        return encode([item.value for item in self._items])


class Unwritten(msgspec.Struct, frozen=True):
    """A `ResultSink` that keeps nothing, and answers as one that does."""

    spec: WriteSpec
    map_run_arn: str
    run_id: str

    def add(self, child: ChildResult) -> None: ...

    def close(self) -> dict[str, Json]:
        prefix = str(self.spec.arguments.get("Prefix") or "").strip("/")
        key = f"{prefix}/{self.run_id}/manifest.json".lstrip("/")
        details: dict[str, Json] = {"Bucket": self.spec.arguments.get("Bucket"), "Key": key}
        return {"MapRunArn": self.map_run_arn, "ResultWriterDetails": details}

    def discard(self) -> None: ...


def items_of(spec: ReadSpec, want: Want | None, moment: datetime) -> list[Item]:
    """Made-up items, as the ItemReader would show them; equal for equal readers."""
    seed = encode([spec.resource, spec.arguments, spec.config])
    setting = Setting(chance=SeededChance(seed), moment=moment)
    place = f"S3://{spec.arguments.get('Bucket')}"
    if not spec.resource.endswith(":listObjectsV2"):
        place += f"/{spec.arguments.get('Key')}"
    return [Item(_item(spec, want or Want(), number, setting), None, place) for number in range(COUNT)]


def _item(spec: ReadSpec, want: Want, number: int, setting: Setting) -> Json:
    value = fill(want, "item", setting)
    read: dict[str, Json] = value if isinstance(value, dict) else {}
    if spec.resource.endswith(":listObjectsV2"):
        return {
            "Etag": f'"{setting.hexadecimal(32)}"',
            "LastModified": int(setting.moment.timestamp()),
            "Key": f"{spec.arguments.get('Prefix') or ''}object-{number}.json",
            "Size": 100 + number,
            "StorageClass": "STANDARD",
        }
    if spec.config.get("InputType") in ("CSV", "PARQUET"):
        headers = spec.config.get("CSVHeaders")
        names = [str(name) for name in headers] if isinstance(headers, list) else []
        row = {name: plausible.text(name, setting) for name in names} | read or {"id": str(number + 1)}
        return {name: cell if isinstance(cell, str) else encode(cell) for name, cell in row.items()}
    if isinstance(value, Mark) or not (want.members or want.kinds or want.options):
        return {"id": number + 1}
    return value
