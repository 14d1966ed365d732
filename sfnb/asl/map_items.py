"""The parts of a Map in DISTRIBUTED mode: where items come from, how they are batched, where results go.

Source: AWS guide, "ItemReader", "ItemBatcher", "ResultWriter".
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sfnb.asl.computed import integer
from sfnb.asl.vocabulary import Arguments, Computed, Spelled, Template
from sfnb.query.expression import Expression
from sfnb.query.scope import Scope
from sfnb.values import Json

MAX_ITEMS = 100_000_000
MAX_BATCH_BYTES = 262_144

DataFormat = Literal["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"]
Delimiter = Literal["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"]


class ReaderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How the objects that an ItemReader names are read."""

    input_type: DataFormat | None = None
    transformation: Literal["NONE", "LOAD_AND_FLATTEN"] | None = None
    manifest_type: Literal["ATHENA_DATA", "S3_INVENTORY"] | None = None
    csv_delimiter: Annotated[Delimiter | None, Spelled("CSVDelimiter", "CSVDelimiter")] = None
    csv_header_location: Annotated[
        Literal["FIRST_ROW", "GIVEN"] | None, Spelled("CSVHeaderLocation", "CSVHeaderLocation")
    ] = None
    csv_headers: Annotated[tuple[str, ...], Spelled("CSVHeaders", "CSVHeaders")] = ()
    items_pointer: str | None = None
    max_items: Annotated[Expression | None, Computed(kind="integer", ge=0, le=MAX_ITEMS)] = None

    def evaluate(self, scope: Scope) -> dict[str, Json]:
        """The fields that are given, spelled as in a definition, MaxItems computed."""
        config: dict[str, Json] = {}
        given: tuple[tuple[str, Json], ...] = (
            ("InputType", self.input_type),
            ("Transformation", self.transformation),
            ("ManifestType", self.manifest_type),
            ("CSVDelimiter", self.csv_delimiter),
            ("CSVHeaderLocation", self.csv_header_location),
            ("CSVHeaders", [*self.csv_headers] or None),
            ("ItemsPointer", self.items_pointer),
        )
        for field, value in given:
            if value is not None:
                config[field] = value
        if self.max_items is not None:
            config[self.max_items.field] = integer(self.max_items, scope, at_least=-MAX_ITEMS)
        return config


class ItemReader(msgspec.Struct, frozen=True, kw_only=True):
    """Where a Map's items come from, instead of its input."""

    resource: str
    arguments: Arguments = None
    reader_config: ReaderConfig | None = None


class ItemBatcher(msgspec.Struct, frozen=True, kw_only=True):
    """How many items one child execution takes; the stricter of both bounds."""

    max_items_per_batch: Annotated[Expression | None, Computed(kind="integer", ge=1)] = None
    max_input_bytes_per_batch: Annotated[
        Expression | None, Computed(kind="integer", ge=1, le=MAX_BATCH_BYTES)
    ] = None
    batch_input: Template = None


class WriterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of each child's result."""

    transformation: Literal["NONE", "COMPACT", "FLATTEN"] | None = None
    output_type: Annotated[Literal["JSON", "JSONL"] | None, Meta()] = None


class ResultWriter(msgspec.Struct, frozen=True, kw_only=True):
    """Where a Map's results go, instead of its output."""

    resource: str | None = None
    arguments: Arguments = None
    writer_config: WriterConfig = WriterConfig()
