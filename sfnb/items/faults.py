"""How reading, batching and writing of a Distributed Map fail: errors that Retry and Catch can match."""

from __future__ import annotations

from sfnb.errors import StatesError

READER_FAILED = "States.ItemReaderFailed"
WRITER_FAILED = "States.ResultWriterFailed"


class ReaderFault(StatesError):
    """The items cannot be read; place: where it was looked for, as `s3://bucket/key`, for a hint."""

    def __init__(self, error: str, cause: str, place: str | None = None) -> None:
        super().__init__(error, cause)
        self.place = place


class WriterFault(StatesError):
    """The results cannot be written."""

    def __init__(self, cause: str) -> None:
        super().__init__(WRITER_FAILED, cause)


class BatchFault(StatesError):
    """The items cannot be batched."""


def unreadable(cause: str, place: str | None = None) -> ReaderFault:
    """The fault of data that is not what the ItemReader says it is."""
    return ReaderFault(READER_FAILED, cause, place)
