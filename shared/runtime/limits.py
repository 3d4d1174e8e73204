"""What one call may cost before anything is known of it: bytes of its body, and calls of its network in a minute or an hour."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request

from shared.core.errors import ResourceExhaustedError, SynapseError
from shared.core.ids import derived_id
from shared.core.log import logger
from shared.ports.rates import Rates
from shared.runtime.replies import BodyTooLargeError

# Bounds what an attacker with many addresses can make an instance remember.
MAX_NETWORKS = 10_000
_HOUR = timedelta(hours=1)
_TOO_MANY = "Too many calls from your network; try again later."


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The body. Raises BodyTooLargeError once its announced or its received length passes the limit; reads no further."""
    announced = request.headers.get("content-length", "")
    # Twenty digits hold any length there is; Python refuses to read some thousands of them.
    if announced.isdecimal() and int(announced[:20]) > limit_bytes:
        raise BodyTooLargeError(limit_bytes)
    body = bytearray()
    # Counted while it is read: the announced length may be absent, or a lie.
    async for piece in request.stream():
        body += piece
        if len(body) > limit_bytes:
            raise BodyTooLargeError(limit_bytes)
    return bytes(body)


@dataclass
class _Bucket:
    """A token bucket: calls left, and when they were counted."""

    left: float
    at: float


class NetworkLimit:
    """Token buckets in this instance's memory, one a network; the table forgets the network seen longest ago when full."""

    def __init__(
        self, calls_per_minute: int, clock: Callable[[], float] = time.monotonic, max_networks: int = MAX_NETWORKS
    ) -> None:
        self._capacity = float(calls_per_minute)
        self._clock = clock
        self._max_networks = max_networks
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, network: str) -> None:
        """Count one call. Raises ResourceExhaustedError saying when the next may come."""
        bucket = self._bucket(network)
        if bucket.left < 1:
            wait = (1 - bucket.left) * 60 / self._capacity
            raise ResourceExhaustedError(_TOO_MANY, retry_after_seconds=wait)
        bucket.left -= 1

    def _bucket(self, network: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(network)
        if bucket is None:
            bucket = self._buckets[network] = _Bucket(self._capacity, now)
        self._buckets.move_to_end(network)
        # To forget a network only forgives it, which is better than refusing those that come after.
        if len(self._buckets) > self._max_networks:
            self._buckets.popitem(last=False)
        # Refilled as it is looked at: no timer has to run in an instance that may be asleep.
        bucket.left = min(self._capacity, bucket.left + (now - bucket.at) * self._capacity / 60)
        bucket.at = now
        return bucket


class HourlyLimit:
    """Calls of a network in an hour of the clock, counted in the store and so exact across instances.

    A network over its limit is remembered here until it is forgotten for others: its further calls cost no write.
    """

    def __init__(self, function: str, calls_per_hour: int, max_networks: int = MAX_NETWORKS) -> None:
        self._function = function
        self._calls_per_hour = calls_per_hour
        self._max_networks = max_networks
        self._spent: OrderedDict[str, None] = OrderedDict()

    async def take(self, network: str, rates: Rates, now: datetime) -> None:
        """Count one call. Raises ResourceExhaustedError saying when the hour ends; lets pass what cannot be counted."""
        begins = now.replace(minute=0, second=0, microsecond=0)
        # Derived, so that the store holds nobody's address; the hour in it makes last hour's refusals harmless.
        key = derived_id("rate", self._function, network, begins.isoformat())
        if key in self._spent or await self._count(key, rates, begins + _HOUR) > self._calls_per_hour:
            self._remember(key)
            raise ResourceExhaustedError(_TOO_MANY, retry_after_seconds=(begins + _HOUR - now).total_seconds())

    async def _count(self, key: str, rates: Rates, hour_ends: datetime) -> int:
        try:
            return await rates.count(key, hour_ends)
        except SynapseError as error:
            # Refusing would turn a slow counter into an outage of sign-in; the limits in memory still hold.
            logger.warning("a call of a network was not counted", exc_info=error)
            return 0

    def _remember(self, key: str) -> None:
        self._spent[key] = None
        if len(self._spent) > self._max_networks:
            self._spent.popitem(last=False)
