"""On which resources an SDK call acts, as far as its parameters name them.

Parameters are found by the names of the variables in the ARNs of IAM's reference: `TableName` in
`table/${TableName}`. Which are looked at depends on names alone, and one that is not known makes it "*": so
what is granted before an execution is never less than what is asked for in one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sfnb.iam.given import UNKNOWN, items, text
from sfnb.iam.places import ANYWHERE, Place, bucket_arn, function_arns, object_arn, queue_arn

Resources = tuple[str, ...]

MOST_TYPES = 4
"""An action on more types of resource than these is granted on all resources."""

_variable = re.compile(r"\$\{(\w+)\}")
_PLACED = {"Partition", "Region", "Account"}

NO_BUCKET = ("ListAllMyBuckets",)
OBJECT_ACTIONS = re.compile(
    r"(?:Get|Put|Delete|Restore|Replicate|Abort|List|Bypass).*(?:Object|MultipartUpload)"
)
BUCKET_ACTIONS = re.compile(r"Bucket|AllMyBuckets|Configuration$")


def resources_of(
    place: Place, prefix: str, action: str, given: object, details: Mapping[str, Any] | None
) -> Resources:
    """The ARNs that a call asks for; ("*",) where they are not known, or the action knows no resources."""
    if given is UNKNOWN:
        return (ANYWHERE,)
    special = SPECIAL.get(prefix)
    found = special(place, action, given) if special is not None else None
    if found is not None:
        return found
    types = (details or {}).get("resourceTypes", [])
    if not types or len(types) > MOST_TYPES or not isinstance(given, Mapping):
        return (ANYWHERE,)
    return _by_types(place, types, given)


def _by_types(place: Place, types: list[tuple[str, bool, str]], given: Mapping[str, object]) -> Resources:
    """A parameter that holds a whole ARN says of which type the resource is; else all that are named."""
    names = {_plain(name): value for name, value in given.items()}
    looked_at = {name: names[name] for each in types for name in _all_candidates(each) if name in names}
    if not all(isinstance(value, str) for value in looked_at.values()):
        return (ANYWHERE,)
    texts = {name: str(value) for name, value in looked_at.items()}
    arns = [text for each in types for text in _arns(each, texts)]
    if arns:
        return tuple(dict.fromkeys(arns))
    if any(_names_another(each, texts) for each in types):
        return (ANYWHERE,)
    resources: list[str] = []
    for kind, required, template in types:
        values = _values(kind, template, texts)
        if values or required:
            resources.append(_filled(place, template, values))
    return tuple(dict.fromkeys(resources)) or (ANYWHERE,)


def _variables(template: str) -> list[str]:
    return [name for name in _variable.findall(template) if name not in _PLACED]


def _all_candidates(kind: tuple[str, bool, str]) -> Iterator[str]:
    word, _, template = kind
    variables = _variables(template)
    for variable in variables:
        yield from _candidates(word, variable, alone=len(variables) == 1)


def _arns(kind: tuple[str, bool, str], texts: Mapping[str, str]) -> Iterator[str]:
    """The parameters that hold an ARN of this type."""
    for name in _all_candidates(kind):
        if _fits(kind[2], texts.get(name, "")):
            yield texts[name]


def _names_another(kind: tuple[str, bool, str], texts: Mapping[str, str]) -> bool:
    """Whether an ARN of no known type stands where one of this type is named."""
    alone = len(_variables(kind[2])) == 1
    return alone and any(texts.get(name, "").startswith("arn:") for name in _all_candidates(kind))


def _values(kind: str, template: str, texts: Mapping[str, str]) -> dict[str, str]:
    """The variables of an ARN that parameters have; of an ARN of something else, its last part."""
    variables = _variables(template)
    values: dict[str, str] = {}
    for variable in variables:
        for name in _candidates(kind, variable, alone=len(variables) == 1):
            if name in texts:
                value = texts[name]
                values[variable] = re.split(r"[:/]", value)[-1] if value.startswith("arn:") else value
                break
    return values


def _candidates(kind: str, variable: str, *, alone: bool) -> Iterator[str]:
    """The parameters that may hold a variable, in small letters."""
    word, stem = _plain(kind), _plain(variable)
    bare = stem.removesuffix("name").removesuffix("id")
    yield stem
    for each in dict.fromkeys((word, bare)):
        yield f"{each}arn"
        if alone:
            yield from (f"{each}name", f"{each}id", f"{each}identifier", each)
    if bare == word and stem.endswith("name"):
        yield "name"
    if alone:
        yield from ("resourcearn", "arn")
    elif bare:
        yield bare


def _fits(template: str, arn: str) -> bool:
    """Whether an ARN is one of the template's."""
    return re.fullmatch(_variable.sub(".*", re.sub(r"([.+*()])", r"\\\1", template)), arn) is not None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _filled(place: Place, template: str, values: Mapping[str, str]) -> str:
    known = {"Partition": place.partition, "Region": place.region, "Account": place.account, **values}
    return _variable.sub(lambda found: known.get(found[1], ANYWHERE), template)


# Services whose parameters name resources in ways of their own; None where they do not


def s3(place: Place, action: str, given: object) -> Resources | None:
    if action in NO_BUCKET:
        return (ANYWHERE,)
    bucket = text(given, "Bucket")
    if bucket is None:
        return None
    if BUCKET_ACTIONS.search(action) or not OBJECT_ACTIONS.match(action):
        return (bucket_arn(place, bucket),)
    source = text(given, "CopySource")
    if source is not None and action == "GetObject":  # the object that is copied, `BUCKET/KEY`, is only read
        whole = isinstance(source, str) and f"arn:{place.partition}:s3:::{source.lstrip('/')}"
        return (whole or ANYWHERE,)
    return (object_arn(place, bucket, text(given, "Key")),)


def lambda_(place: Place, action: str, given: object) -> Resources | None:
    name = text(given, "FunctionName")
    if name is None:
        return None
    qualifier = text(given, "Qualifier")
    arns = function_arns(place, name, qualifier)
    return arns if qualifier is UNKNOWN else arns[:1]


def sqs(place: Place, action: str, given: object) -> Resources | None:
    url = text(given, "QueueUrl")
    return None if url is None else (queue_arn(place, url),)


def dynamodb(place: Place, action: str, given: object) -> Resources | None:
    """Transactions and batches name a table in each of their items."""
    tables = [text(given, "TableName")] if text(given, "TableName") is not None else []
    listed = items(given, "TransactItems")
    if listed is not UNKNOWN:
        tables += [text(part, "TableName") for item in listed for part in _parts(item)]
    requests = given.get("RequestItems") if isinstance(given, Mapping) else None
    if isinstance(requests, Mapping):
        tables += [str(name) for name in requests]
    elif requests is UNKNOWN:
        tables.append(UNKNOWN)
    if not tables:
        return None
    arns = [place.named("dynamodb", "table/{}", table) for table in tables]
    if ANYWHERE in arns:
        return (ANYWHERE,)
    index = text(given, "IndexName")
    if index is not None and action in ("Query", "Scan"):
        return tuple(f"{arn}/index/{index if isinstance(index, str) else ANYWHERE}" for arn in arns)
    return tuple(dict.fromkeys(arns))


def _parts(item: object) -> list[object]:
    return list(item.values()) if isinstance(item, Mapping) else [UNKNOWN]


def secretsmanager(place: Place, action: str, given: object) -> Resources | None:
    """The ARN of a secret ends in six characters that its name does not have."""
    secret = text(given, "SecretId")
    if secret is None:
        return None
    if isinstance(secret, str) and not secret.startswith("arn:"):
        return (place.arn("secretsmanager", f"secret:{secret}-??????"),)
    return (secret if isinstance(secret, str) else ANYWHERE,)


def ssm(place: Place, action: str, given: object) -> Resources | None:
    if "Parameter" not in action:
        return None
    names = items(given, "Names")
    name = text(given, "Name")
    path = text(given, "Path")
    found: list[object] = [each for each in (name, path) if each is not None]
    if names is not UNKNOWN:
        found += names
    elif isinstance(given, Mapping) and "Names" in given:
        return (ANYWHERE,)
    if not found:
        return None
    if not all(isinstance(each, str) for each in found):
        return (ANYWHERE,)
    texts = [str(each) for each in found]
    return tuple(t if t.startswith("arn:") else place.arn("ssm", f"parameter/{t.lstrip('/')}") for t in texts)


def kms(place: Place, action: str, given: object) -> Resources | None:
    """An alias is no resource that a key's use can be granted on."""
    key = text(given, "KeyId")
    if key is None:
        return None
    if not isinstance(key, str) or "alias/" in key:
        return (ANYWHERE,)
    return (place.named("kms", "key/{}", key),)


SPECIAL: dict[str, Callable[[Place, str, object], Resources | None]] = {
    "dynamodb": dynamodb,
    "kms": kms,
    "lambda": lambda_,
    "s3": s3,
    "secretsmanager": secretsmanager,
    "sqs": sqs,
    "ssm": ssm,
}
