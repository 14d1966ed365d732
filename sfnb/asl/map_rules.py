"""What the fields of a Map in DISTRIBUTED mode ask of each other.

Source: AWS guide, "Using Map state in Distributed mode", "ItemReader", "ResultWriter"; AWS API
reference, ValidateStateMachineDefinitionDiagnostic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sfnb.asl.map_items import ItemReader, ReaderConfig, ResultWriter, WriterConfig
from sfnb.asl.resources import UNRECOGNIZED, reads_items
from sfnb.errors import Diagnostic, PathStep

if TYPE_CHECKING:
    from sfnb.asl.states.map_ import Map

Place = tuple[PathStep, ...]

MAX_LABEL = 40
MAX_POINTER = 2_000
_NOT_IN_LABELS = re.compile(r"""[\s?*<>{}\[\]:;,\\|^~$#%&"`\x00-\x1f\x7f-\x9f]""")
DATA = ("CSV", "JSON", "JSONL", "PARQUET")
TABLES = ("CSV", "JSONL", "PARQUET")

ONLY = "it is for a Map in DISTRIBUTED mode"

DISTRIBUTED_ONLY = {
    "item_reader": "ItemReader",
    "item_batcher": "ItemBatcher",
    "result_writer": "ResultWriter",
    "label": "Label",
    "tolerated_failure_count": "ToleratedFailureCount",
    "tolerated_failure_percentage": "ToleratedFailurePercentage",
}


def check_map(state: Map) -> Iterator[Diagnostic]:
    """Every rule that a Map's mode brings."""
    config = (*state.place, state.processor_field, "ProcessorConfig")
    if not state.distributed:
        if state.item_processor.processor_config.execution_type is not None:
            yield _unsupported("ExecutionType", config)
        for attribute, field in DISTRIBUTED_ONLY.items():
            given = getattr(state, attribute)
            if given is None:
                continue
            tolerated = attribute.startswith("tolerated_")  # AWS takes these everywhere (recordings)
            yield _unused(given.field, state.place) if tolerated else _unsupported(field, state.place)
        return
    if state.item_processor.processor_config.execution_type is None:
        yield _required("ExecutionType", config)
    if state.label is not None:
        yield from _check_label(state.label, (*state.place, "Label"))
    arguments = "Arguments" if state.language == "JSONata" else "Parameters"
    if state.item_reader is not None:
        yield from _check_reader(state.item_reader, (*state.place, "ItemReader"), arguments)
    if state.result_writer is not None:
        yield from _check_writer(state.result_writer, (*state.place, "ResultWriter"), arguments)


def _found(message: str, path: Place, **more: Any) -> Diagnostic:
    return Diagnostic(message=message, path=path, **more)


def _required(field: str, path: Place, **more: Any) -> Diagnostic:
    return _found(f"These fields are required: [{field}]", path, at_key=True, **more)


def _unsupported(field: str, path: Place, hint: str = ONLY) -> Diagnostic:
    message = f"Field '{field}' is not supported"
    return _found(message, path, within=(field,), at_key=True, hint=hint)


def _unused(field: str, path: Place, hint: str = ONLY) -> Diagnostic:
    """A field that AWS takes, or may take, and that does nothing."""
    message = f"'{field}' has no effect here"
    return _found(message, (*path, field), at_key=True, hint=hint, code="UNUSED_FIELD", severity="WARNING")


def _check_label(label: str, path: Place) -> Iterator[Diagnostic]:
    bad = _NOT_IN_LABELS.search(label)
    if not label:
        yield _found("Value cannot be empty", path)
    elif len(label) > MAX_LABEL:
        hint = f"this one has {len(label)}"
        yield _found(
            f"A Label has at most {MAX_LABEL} characters", path, code="INVALID_LABEL_NAME", hint=hint
        )
    elif bad is not None:
        hint = f"it must not hold {bad[0]!r}: it becomes part of an ARN"
        yield _found(f"The Label '{label}' is not valid", path, code="INVALID_LABEL_NAME", hint=hint)


# ItemReader


def _check_reader(reader: ItemReader, path: Place, arguments: str) -> Iterator[Diagnostic]:
    action = reads_items(reader.resource)
    if action not in ("", "getObject", "listObjectsV2"):
        hint = "items come from arn:aws:states:::s3:getObject or arn:aws:states:::s3:listObjectsV2"
        yield _found(UNRECOGNIZED.format(resource=reader.resource), (*path, "Resource"), hint=hint)
        return
    wanted = ("Bucket", "Key") if action == "getObject" else ("Bucket",)
    yield from _check_arguments(reader.arguments, path, arguments, wanted)
    if reader.reader_config is not None:
        yield from _check_config(reader.reader_config, (*path, "ReaderConfig"), action)
    elif action == "getObject":
        yield _required("ReaderConfig", path, hint="its InputType says what is in the object")


def _check_arguments(given: Any, path: Place, field: str, wanted: tuple[str, ...]) -> Iterator[Diagnostic]:
    """Without them nothing can be read; AWS was not seen to look at them before."""
    source = getattr(given, "source", {})
    if not isinstance(source, dict):
        return
    missing = [name for name in wanted if not ({name, f"{name}.$"} & source.keys())]
    if missing:
        message = f"{field} should say {' and '.join(missing)}"
        where = path if given is None else (*path, field)
        yield _found(message, where, code="MISSING_ARGUMENT", severity="WARNING")


def _check_config(config: ReaderConfig, path: Place, action: str) -> Iterator[Diagnostic]:
    kind, loads = config.input_type, config.transformation == "LOAD_AND_FLATTEN"
    lists = action == "listObjectsV2"
    if action == "getObject" and kind is None and config.manifest_type != "S3_INVENTORY":
        yield _required("InputType", path, hint=f"one of {', '.join((*DATA, 'MANIFEST'))}")
    if loads and action == "getObject":
        yield _found(
            "LOAD_AND_FLATTEN is for items that arn:aws:states:::s3:listObjectsV2 lists",
            (*path, "Transformation"),
        )
    if loads and lists and kind not in DATA:
        yield _required("InputType", path, hint=f"of the objects that are loaded: one of {', '.join(DATA)}")
    if lists and not loads and kind is not None:
        hint = "objects are only listed; Transformation LOAD_AND_FLATTEN reads them"
        yield _unused("InputType", path, hint)
    yield from _check_manifest(config, path)
    yield from _check_csv(config, path)
    yield from _check_pointer(config, path)


def _check_manifest(config: ReaderConfig, path: Place) -> Iterator[Diagnostic]:
    kind = config.input_type
    if config.manifest_type == "ATHENA_DATA" and kind not in TABLES:
        yield _required("InputType", path, hint=f"of the data files: one of {', '.join(TABLES)}")
    if config.manifest_type == "S3_INVENTORY" and kind not in (None, "MANIFEST"):
        hint = "an inventory says itself what its files are"
        yield _found(f"InputType {kind} does not go with S3_INVENTORY", (*path, "InputType"), hint=hint)


def _check_csv(config: ReaderConfig, path: Place) -> Iterator[Diagnostic]:
    given = config.csv_header_location == "GIVEN"
    if given and not config.csv_headers:
        yield _required("CSVHeaders", path, hint="the names of the columns, from left to right")
    if config.csv_headers and not given:
        yield _unsupported("CSVHeaders", path, 'it goes with "CSVHeaderLocation": "GIVEN"')
    for value, field in (
        (config.csv_delimiter, "CSVDelimiter"),
        (config.csv_header_location, "CSVHeaderLocation"),
    ):
        if value is not None and config.input_type in ("JSON", "JSONL", "PARQUET"):
            yield _unused(field, path, "it goes with InputType CSV")


def _check_pointer(config: ReaderConfig, path: Place) -> Iterator[Diagnostic]:
    pointer = config.items_pointer
    if pointer is None:
        return
    if config.input_type != "JSON":
        yield _unsupported("ItemsPointer", path, "it goes with InputType JSON")
    elif pointer and not pointer.startswith("/"):
        hint = "such as /orders/items"
        yield _found("ItemsPointer must be a JSON Pointer", (*path, "ItemsPointer"), hint=hint)
    elif len(pointer) >= MAX_POINTER:
        yield _found(f"An ItemsPointer has fewer than {MAX_POINTER:,} characters", (*path, "ItemsPointer"))


# ResultWriter


def _check_writer(writer: ResultWriter, path: Place, arguments: str) -> Iterator[Diagnostic]:
    if writer.resource is None:
        if writer.arguments is not None:
            yield _required("Resource", path)
        elif writer.writer_config == WriterConfig():
            yield _found("Value cannot be empty", path, hint="say where results go, or how they are written")
        return
    if reads_items(writer.resource) not in ("", "putObject"):
        hint = "results go to arn:aws:states:::s3:putObject"
        yield _found(UNRECOGNIZED.format(resource=writer.resource), (*path, "Resource"), hint=hint)
    elif writer.arguments is None:
        yield _required(arguments, path)
    else:
        yield from _check_arguments(writer.arguments, path, arguments, ("Bucket",))
