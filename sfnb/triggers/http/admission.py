"""Who is let in, and how often: API keys, and buckets of tokens.

Source: API Gateway guide, "Usage plans and API keys for REST APIs", "Throttle requests".
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Mapping
from datetime import datetime

from sfnb.triggers.http.route import ApiKey, Route, Throttle

MOST_BUCKETS = 10_000


class Forbidden(Exception):
    """No API key, or one that is not known."""


class TooManyRequests(Exception):
    """The bucket is empty."""


class Bucket:
    """Tokens, one for each request; `rate_limit` of them come back each second, up to `burst_limit`."""

    def __init__(self, throttle: Throttle, moment: datetime) -> None:
        self.throttle = throttle
        self._tokens = float(throttle.burst_limit)
        self._moment = moment

    def take(self, moment: datetime) -> bool:
        passed = max(0.0, (moment - self._moment).total_seconds())
        self._moment = max(self._moment, moment)
        held = min(self.throttle.burst_limit, self._tokens + passed * self.throttle.rate_limit)
        self._tokens = held - 1 if held >= 1 else held
        return held >= 1


class Admission:
    """The buckets of an app; from any thread."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, ...], Bucket] = {}
        self._lock = threading.Lock()

    def admit(self, route: Route, headers: Mapping[str, str], moment: datetime) -> ApiKey | None:
        """The key that was shown, where one is asked for; raises Forbidden, TooManyRequests."""
        key = None
        if route.api_key_required:
            key = _key_of(route, headers)
            if key is None:
                raise Forbidden
        throttle = route.api.throttle
        if throttle is not None:
            whose = key.value if key else route.route_key
            place = (route.api.protocol_type, route.api.name, route.api.stage_name, whose)
            self._take(place, throttle, moment)
        return key

    def _take(self, place: tuple[str, ...], throttle: Throttle, moment: datetime) -> None:
        with self._lock:
            bucket = self._buckets.get(place)
            if bucket is None or bucket.throttle != throttle:
                if len(self._buckets) >= MOST_BUCKETS:
                    del self._buckets[next(iter(self._buckets))]
                bucket = self._buckets[place] = Bucket(throttle, moment)
            if not bucket.take(moment):
                raise TooManyRequests


def _key_of(route: Route, headers: Mapping[str, str]) -> ApiKey | None:
    """All are compared, and each in full, so that the time it takes tells nothing."""
    shown = headers.get("x-api-key", "").encode()
    fits = [hmac.compare_digest(shown, key.value.encode()) and key.enabled for key in route.api.api_keys]
    return next((key for key, fit in zip(route.api.api_keys, fits, strict=True) if fit), None)
