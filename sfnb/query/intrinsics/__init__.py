"""Intrinsic functions: `INTRINSICS` is the whole list; `call` reads and runs their invocations.

A function takes plain values. What its annotations say, the caller has checked; a keyword argument
named `chance` is handed the Scope's random numbers.
Source: Amazon States Language, "Intrinsic Functions"; AWS Step Functions guide, "Intrinsic functions".
"""

from __future__ import annotations

from collections.abc import Callable

from sfnb.query.intrinsics.arrays import (
    array,
    array_contains,
    array_get_item,
    array_length,
    array_partition,
    array_range,
    array_unique,
)
from sfnb.query.intrinsics.encoding import base64_decode, base64_encode, hash_
from sfnb.query.intrinsics.ids import uuid
from sfnb.query.intrinsics.numbers import math_add, math_random
from sfnb.query.intrinsics.objects import json_merge, json_to_string, string_to_json
from sfnb.query.intrinsics.strings import format_, string_split
from sfnb.values import Json

INTRINSICS: dict[str, Callable[..., Json]] = {
    "States.Format": format_,
    "States.StringToJson": string_to_json,
    "States.JsonToString": json_to_string,
    "States.Array": array,
    "States.ArrayPartition": array_partition,
    "States.ArrayContains": array_contains,
    "States.ArrayRange": array_range,
    "States.ArrayGetItem": array_get_item,
    "States.ArrayLength": array_length,
    "States.ArrayUnique": array_unique,
    "States.Base64Encode": base64_encode,
    "States.Base64Decode": base64_decode,
    "States.Hash": hash_,
    "States.JsonMerge": json_merge,
    "States.MathRandom": math_random,
    "States.MathAdd": math_add,
    "States.StringSplit": string_split,
    "States.UUID": uuid,
}
