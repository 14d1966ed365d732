"""The functions of AWS IoT SQL: `FUNCTIONS` is the whole list, `REFUSED` what is not run here.

A function takes plain values: what its annotations say, the caller has seen to (`calls.py`). A keyword
argument named `at` is handed the occasion. Names are written in any case.
Source: AWS IoT developer guide, "Functions".
"""

from __future__ import annotations

from collections.abc import Callable

from sfnb.triggers.iot.sql.functions import encodings, items, messages, numbers, regexes, texts, times
from sfnb.triggers.iot.sql.operators import remainder
from sfnb.triggers.iot.sql.values import Value

FUNCTIONS: dict[str, Callable[..., Value]] = {
    "abs": numbers.abs_,
    "accountid": messages.accountid,
    "acos": numbers.acos,
    "asin": numbers.asin,
    "atan": numbers.atan,
    "atan2": numbers.atan2,
    "bitand": numbers.bitand,
    "bitnot": numbers.bitnot,
    "bitor": numbers.bitor,
    "bitxor": numbers.bitxor,
    "cast": items.cast,
    "ceil": numbers.ceil,
    "chr": texts.chr_,
    "clientid": messages.clientid,
    "concat": items.concat,
    "cos": numbers.cos,
    "cosh": numbers.cosh,
    "decode": encodings.decode,
    "encode": encodings.encode,
    "endswith": texts.endswith,
    "exp": numbers.exp,
    "floor": numbers.floor,
    "get": items.get,
    "get_mqtt_property": messages.get_mqtt_property,
    "get_or_default": items.get_or_default,
    "get_user_properties": messages.get_user_properties,
    "indexof": texts.indexof,
    "isnull": items.is_null,
    "isundefined": items.is_undefined,
    "length": texts.length,
    "ln": numbers.ln,
    "log": numbers.log,
    "lower": texts.lower,
    "lpad": texts.lpad,
    "ltrim": texts.ltrim,
    "md5": encodings.md5,
    "mod": remainder,
    "nanvl": items.nanvl,
    "newuuid": messages.newuuid,
    "numbytes": texts.numbytes,
    "parse_time": times.parse_time,
    "power": numbers.power,
    "principal": messages.principal,
    "rand": messages.rand,
    "regexp_matches": regexes.regexp_matches,
    "regexp_replace": regexes.regexp_replace,
    "regexp_substr": regexes.regexp_substr,
    "remainder": remainder,
    "replace": texts.replace,
    "round": numbers.round_,
    "rpad": texts.rpad,
    "rtrim": texts.rtrim,
    "sha1": encodings.sha1,
    "sha224": encodings.sha224,
    "sha256": encodings.sha256,
    "sha384": encodings.sha384,
    "sha512": encodings.sha512,
    "sign": numbers.sign,
    "sin": numbers.sin,
    "sinh": numbers.sinh,
    "sourceip": messages.sourceip,
    "sql_version": messages.sql_version,
    "sqrt": numbers.sqrt,
    "startswith": texts.startswith,
    "substring": texts.substring,
    "tan": numbers.tan,
    "tanh": numbers.tanh,
    "time_to_epoch": times.time_to_epoch,
    "timestamp": messages.timestamp,
    "topic": messages.topic,
    "traceid": messages.traceid,
    "transform": items.transform,
    "trim": texts.trim,
    "trunc": numbers.trunc,
    "upper": texts.upper,
}

SINCE_2016 = {
    "decode", "encode", "get_mqtt_property", "get_or_default", "get_user_properties", "indexof",
    "isundefined", "length", "numbytes", "parse_time", "time_to_epoch", "transform",
}  # fmt: skip
"""What version 2015-10-08 of SQL has not."""

LIGHT = {"get", "get_or_default", "isnull", "isundefined", "nanvl"}
"""What does not go through its arguments."""

REFUSED = {
    "aws_lambda": "it calls a Lambda function; call it in a state of the machine instead",
    "get_dynamodb": "it reads a table of DynamoDB; read it in a state of the machine instead",
    "get_registry_data": "it reads the device registry of AWS IoT; there is none here",
    "get_secret": "it reads a secret; read it in a state of the machine instead",
    "get_thing_shadow": "it reads a device shadow of AWS IoT; there is none here",
    "machinelearning_predict": "it calls Amazon Machine Learning, a service that AWS has closed to new users",
    "md2": "no library has it any more; take sha256",
}
"""Functions that AWS has and that are not run here, and why."""
