"""Values that look like the real thing, by the name of what they are the value of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from sfnb.engine.clock import SeededChance
from sfnb.mocks.shapes import capital
from sfnb.values import Json

GOOD = re.compile(
    r"succe(ss|eded|ssful)|complete|finished|active|available|ready|in_?service|enabled|approve|allow|accept"
    r"|confirm|^ok$|created|done|issued|valid$|passed|true|healthy|resolved|running|stopped|terminated|deleted",
    re.IGNORECASE,
)
BAD = re.compile(
    r"fail|error|abort|cancel|reject|denied|deny|time[d_]*out|invalid|expired|unhealthy|unavailable|stopp?ed"
    r"|terminated|deleted|unprocessed|inactive|incomplete|partial|_with_|insufficient|alarm$",
    re.IGNORECASE,
)
UNDERWAY = re.compile(
    r"ing$|ing_|pending|progress|queued|submitted|scheduled|starting|provision", re.IGNORECASE
)
TROUBLE = re.compile(
    r"(?<!de)fail|error|exception|unprocessed|reject|warning|(status|state|stop)reason",
    re.IGNORECASE,
)
TOKENS = re.compile(
    r"(next|continuation|pagination).*(token|marker)|nextmarker|lastevaluated|^marker$", re.IGNORECASE
)


class Setting(msgspec.Struct, kw_only=True):
    """What a mocked answer is drawn from.

    echo: the scalars of the request by their name in lower case. finished: it answers for a job that
    has ended well. spell: how members of a model are written.
    """

    chance: SeededChance
    moment: datetime
    region: str = "us-east-1"
    account: str = "123456789012"
    service: str = "lambda"
    echo: Mapping[str, Json] = {}
    finished: bool = False
    spell: Callable[[str], str] = capital

    def hexadecimal(self, length: int) -> str:
        return self.chance.uuid().replace("-", "")[:length]

    def pick(self, weighted: Iterable[tuple[Any, float]]) -> Any:
        """One of several, by their weights; some weight has to be above zero."""
        weighted = list(weighted)
        left = self.chance.float() * sum(weight for _, weight in weighted)
        for value, weight in weighted:
            left -= weight
            if left < 0 < weight:
                return value
        return next(value for value, weight in reversed(weighted) if weight > 0)


def echo_of(payload: Json, depth: int = 3) -> dict[str, Json]:
    """The scalars of a request by name in lower case; the outermost of a name."""
    found: dict[str, Json] = {}
    if isinstance(payload, dict) and depth:
        for name, value in payload.items():
            if isinstance(value, str | int | float | bool):
                found.setdefault(name.lower(), value)
        for value in payload.values():
            found = echo_of(value, depth - 1) | found
    return found


def goodness(value: Json) -> float:
    """How much a status sounds like success: 3 for good, 1 for neither, 0.1 for bad."""
    text = str(value)
    if BAD.search(text):
        return 0.1
    return 3.0 if GOOD.search(text) else 1.0


def choose_enum(values: list[str], setting: Setting, *, varied: bool) -> str:
    """One of an enumeration: of a status the best end, and at times, if `varied`, one under way."""
    best = sorted(
        values, key=lambda value: (-goodness(value), bool(UNDERWAY.search(value)), values.index(value))
    )
    underway = [value for value in values if UNDERWAY.search(value) and not BAD.search(value)]
    if varied and underway and not setting.finished and setting.chance.float() < 0.15:
        return underway[0]
    ended = [value for value in best if value not in underway]
    return (ended or best)[0]


def text(name: str, setting: Setting) -> str:
    """A plausible text for a member of this name."""
    echoed = setting.echo.get(name.lower())
    if isinstance(echoed, str) and echoed:
        return echoed
    noun = re.sub(r"(Arn|ARN|Id|ID|Name|Url|URL|Uri|URI)$", "", name) or setting.service
    for pattern, make in _TEXTS:
        if re.search(pattern, name):
            return str(make(noun, setting))
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower() or "text"


def _arn(noun: str, setting: Setting) -> str:
    where = f"{setting.region}:{setting.account}"
    return f"arn:aws:{setting.service}:{where}:{noun[:1].lower()}{noun[1:]}/{setting.hexadecimal(8)}"


def moment_text(setting: Setting) -> str:
    return setting.moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_TEXTS: list[tuple[str, Any]] = [
    (r"(Arn|ARN|arn)$", _arn),
    (r"^(RequestId|MessageId|EventId|UUID|uuid|ExecutionId|QueryExecutionId|AssessmentId)$",
     lambda noun, setting: setting.chance.uuid()),
    (r"(MD5|Md5|md5|ETag|etag|[Hh]ash|Checksum)", lambda noun, setting: setting.hexadecimal(32)),
    (r"^(ImageId|InstanceId|SnapshotId|VolumeId|SubnetId|VpcId|GroupId)$",
     lambda noun, setting: f"{_EC2.get(noun, noun.lower())}-{setting.hexadecimal(17)}"),
    (r"^(Account|AccountId|OwnerId|Owner)$", lambda noun, setting: setting.account),
    (r"(^id|Id|ID|_id)$", lambda noun, setting: f"{_kebab(noun)}-{setting.hexadecimal(8)}"),
    (r"(Email|email)", lambda noun, setting: "someone@example.com"),
    (r"(Url|URL|url|Uri|URI|uri|Endpoint|Location)$",
     lambda noun, setting: f"https://{_kebab(noun)}.example.com/{setting.hexadecimal(8)}"),
    (r"(Timestamp|timestamp|Date|date|Time|At|_at|_time)$", lambda noun, setting: moment_text(setting)),
    (r"^Region$|AwsRegion$", lambda noun, setting: setting.region),
    (r"Zone$", lambda noun, setting: f"{setting.region}a"),
    (r"^(status|Status|State|state)$", lambda noun, setting: "SUCCEEDED"),
    (r"ContentType|MimeType|MediaType", lambda noun, setting: "application/json"),
    (r"(Version|version|VersionId)$", lambda noun, setting: "1"),
    (r"(Key|key|FileName|filename)$", lambda noun, setting: "example.txt"),
    (r"Token$", lambda noun, setting: setting.hexadecimal(24)),
    (r"LanguageCode$", lambda noun, setting: "en"),
    (r"IpAddress$|Ip$", lambda noun, setting: "10.0.0.1"),
    (r"Name$|name$", lambda noun, setting: f"{_kebab(noun)}-1"),
]  # fmt: skip
"""By the first pattern that is found in the name."""

_EC2: dict[str, str] = {"Image": "ami", "Instance": "i", "Snapshot": "snap", "Volume": "vol", "Group": "sg"}


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower().strip("-_") or "name"


_NUMERIC = re.compile(
    r"(^|[a-z_])(count|size|total|amount|number|index|quantity|price|cost|length|score|limit|offset)$|(^|_)age$"
    r"|[a-z](Count|Size|Total|Amount|Number|Index|Quantity|Price|Cost|Length|Score|Limit)$"
)


def sounds_numeric(name: str) -> bool:
    """Whether a member of this name is more likely a number than text: totalCount, age, unit_price."""
    return bool(_NUMERIC.search(name))


def number(name: str, setting: Setting) -> int:
    """A small whole number; an echo of the request where it has one of this name."""
    echoed = setting.echo.get(name.lower())
    if isinstance(echoed, int) and not isinstance(echoed, bool):
        return echoed
    if TROUBLE.search(name) or "Fail" in name:
        return 0
    if name in ("StatusCode", "HttpStatusCode", "statusCode"):
        return 200
    return 1 + int(setting.chance.float() * 3)
