"""Reads the counters of `usage` that other adapters keep."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from google.cloud.firestore import AsyncClient

from shared.adapters.firestore_client import place_of_user
from shared.adapters.google_errors import translated
from shared.domain.plan import FlowTotals, Stock, Used


class FirestoreMeter:
    """`usage/{uid}` for stock, `usage/{uid}-{month}` for flow."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def read(self, owner_id: str, at: datetime) -> Used:
        """As the port says; a counter that never counted is 0."""
        at = at.astimezone(UTC)
        stock, month = (place_of_user(self._client, "usage", owner_id, suffix) for suffix in ("", f"-{at:%Y%m}"))
        found = {snapshot.id: snapshot.to_dict() or {} async for snapshot in self._client.get_all([stock, month])}
        return Used(stock=_stock(found[stock.id]), flow=_flow(found[month.id], int(at.timestamp()) // 60))


def _stock(usage: Mapping[str, Any]) -> Stock:
    return Stock(**{name: usage.get(name, 0) for name in Stock.model_fields})


def _flow(usage: Mapping[str, Any], minute: int) -> FlowTotals:
    return FlowTotals(
        turns_this_minute=usage.get("minutes", {}).get(str(minute), 0),
        turns_this_month=usage.get("turns", 0),
        tokens_this_month=usage.get("tokens", 0),
    )
