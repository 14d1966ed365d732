"""How the compilers of the query languages tell the decoder what they found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sfnb.errors import PathStep, Severity

if TYPE_CHECKING:
    from sfnb.asl.decode import Decoder

Place = tuple[PathStep, ...]


class FieldReport:
    """What is found about one field, on its way to the decoder.

    AWS names a place inside the field in JSONata (`/States/E/Output/v`), and the field alone in JSONPath
    (`/States/E/Parameters`).
    """

    def __init__(self, decoder: Decoder, path: Place) -> None:
        self.decoder = decoder
        self.path = path
        self.deep = decoder.language.name == "JSONata"

    def __call__(
        self,
        message: str,
        *,
        within: Place = (),
        hint: str | None = None,
        at_key: bool = False,
        code: str = "SCHEMA_VALIDATION_FAILED",
        severity: Severity = "ERROR",
    ) -> None:
        path, within = ((*self.path, *within), ()) if self.deep else (self.path, within)
        self.decoder.find(
            message, path, within=within, hint=hint, at_key=at_key, code=code, severity=severity
        )

    def reads(self, variables: Iterable[str], within: Place = ()) -> None:
        for name in variables:
            self.decoder.variables.add(name)
            self.decoder.reads.setdefault((self.decoder.here, name), (*self.path, *within))
