"""What an owner has: created and counted in one commit whose new totals come back with it, undone over a limit.

A transaction that reads the totals first would make every create of one owner wait for the others; Increments do not. Totals
never stay above a limit. A create that is refused counts until it is undone, so another that would just fit may be refused
meanwhile.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from google.api_core.exceptions import NotFound
from google.cloud.firestore import AsyncClient, AsyncDocumentReference, AsyncWriteBatch, Increment

from shared.adapters.firestore_client import SCHEMA, totals
from shared.core.errors import ResourceExhaustedError
from shared.domain.plan import Stock, check_stock


async def create_counted(
    client: AsyncClient, owner_id: str, created: Mapping[AsyncDocumentReference, dict[str, Any]], change: Stock, limits: Stock
) -> None:
    """Create the documents and add the change to the owner's stock. Raises google's AlreadyExists, or ResourceExhaustedError."""
    batch = client.batch()
    for reference, document in created.items():
        batch.create(reference, document)
    count(client, batch, owner_id, change, 1)
    *_, counted = await batch.commit()
    try:
        check_stock(Stock(**totals(counted, _touched(change))), limits)
    except ResourceExhaustedError:
        await _undo(client, owner_id, list(created), change)
        raise


def count(client: AsyncClient, batch: AsyncWriteBatch, owner_id: str, change: Stock, sign: int) -> None:
    """Add the change to the owner's stock, or take it out, with the batch's commit."""
    added = {name: Increment(sign * amount) for name, amount in _touched(change).items()}
    batch.set(client.document("usage", quote(owner_id, safe="")), {**SCHEMA, "owner_id": owner_id, **added}, merge=True)


async def _undo(client: AsyncClient, owner_id: str, created: list[AsyncDocumentReference], change: Stock) -> None:
    """Take back what was created and counted; the precondition keeps a repeated commit from counting twice."""
    batch = client.batch()
    for reference in created:
        batch.delete(reference, option=client.write_option(exists=True))
    count(client, batch, owner_id, change, -1)
    try:
        await batch.commit()
    except NotFound:
        return


def _touched(change: Stock) -> dict[str, int]:
    return {name: amount for name, amount in change.model_dump().items() if amount}
