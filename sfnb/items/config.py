"""What an ItemReader asks for, checked."""

from __future__ import annotations

import msgspec

from sfnb.items.faults import READER_FAILED, ReaderFault, unreadable
from sfnb.values import Json, encode

MAX_ITEMS = 100_000_000

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}

DUPLICATES = "CSV headers cannot contain duplicates."


class ItemReaderSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An ItemReader whose expressions have their values.

    resource: "s3:getObject" or "s3:listObjectsV2", with or without "arn:aws:states:::" before it.
    arguments: {Bucket, Key, VersionId?} or {Bucket, Prefix?}; an ExpectedBucketOwner is not looked at.
    config: the ReaderConfig; a computed MaxItems stands under `MaxItemsPath`, because AWS refuses a
        computed 0 and takes a literal one for no limit.
    pairs: an object at the root of a JSON file is iterated, as the guide of 2026 has it. AWS's
        recording of 2023 refuses one; what an ItemsPointer names may be an object anyway.
    """

    resource: str
    arguments: dict[str, Json]
    config: dict[str, Json] = {}
    pairs: bool = False

    def argument(self, name: str) -> str | None:
        """One of the arguments; raises ReaderFault where it is not text."""
        value = self.arguments.get(name)
        if value is None or isinstance(value, str):
            return value
        raise unreadable(f"The value of {name} in the ItemReader is not a string")

    def required(self, name: str) -> str:
        value = self.argument(name)
        if not value:
            raise unreadable(f"The ItemReader has no value for {name}")
        return value


class ReaderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A ReaderConfig in its own words.

    limit: how many items are read, None for all.
    headers: the GIVEN ones, None where the first row has them.
    pointer: the unescaped parts of an ItemsPointer, () for the whole file.
    """

    input_type: str | None = None
    transformation: str = "NONE"
    manifest: str | None = None
    delimiter: str = ","
    headers: tuple[str, ...] | None = None
    pointer: tuple[str, ...] = ()
    pairs: bool = False
    limit: int | None = None

    @classmethod
    def of(cls, spec: ItemReaderSpec) -> ReaderConfig:
        """Raises ReaderFault for what no reader can do."""
        config = spec.config
        input_type = _word(config, "InputType")
        manifest = _word(config, "ManifestType")
        if input_type == "MANIFEST":  # the spelling from before ManifestType
            input_type, manifest = None, manifest or "S3_INVENTORY"
        if manifest not in (None, "ATHENA_DATA", "S3_INVENTORY"):
            raise unreadable(f"ManifestType must be ATHENA_DATA or S3_INVENTORY, found {manifest}.")
        pointer = _pointer(config.get("ItemsPointer"))
        return cls(
            input_type=input_type,
            transformation=_word(config, "Transformation") or "NONE",
            manifest=manifest,
            delimiter=DELIMITERS.get(_word(config, "CSVDelimiter") or "COMMA", ","),
            headers=_headers(config),
            pointer=pointer,
            pairs=spec.pairs or bool(pointer),
            limit=_limit(config),
        )


def _word(config: dict[str, Json], name: str) -> str | None:
    value = config.get(name)
    return value if isinstance(value, str) else None


def _headers(config: dict[str, Json]) -> tuple[str, ...] | None:
    if config.get("CSVHeaderLocation") != "GIVEN":
        return None
    given = config.get("CSVHeaders")
    if not isinstance(given, list) or not given:
        raise unreadable("CSVHeaders must be given when CSVHeaderLocation is GIVEN")
    headers = tuple(str(name) for name in given)
    if len(set(headers)) < len(headers):
        raise unreadable(DUPLICATES)
    return headers


def _limit(config: dict[str, Json]) -> int | None:
    """AWS takes more than a hundred million for a hundred million. Source: AWS recordings."""
    computed = "MaxItemsPath" in config
    value = config["MaxItemsPath"] if computed else config.get("MaxItems")
    if value is None and not computed:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise ReaderFault("States.Runtime", f"field MaxItems must be an integer, found {encode(value)}")
    if value < 0 or (computed and value == 0):
        raise ReaderFault(READER_FAILED, "field MaxItems must be positive")
    return min(value, MAX_ITEMS) or None


def _pointer(value: Json) -> tuple[str, ...]:
    """The parts of a JSON Pointer. Source: RFC 6901."""
    if not isinstance(value, str) or not value:
        return ()
    if not value.startswith("/"):
        raise unreadable(f"ItemsPointer must be a JSON Pointer, found {value}")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in value[1:].split("/"))
