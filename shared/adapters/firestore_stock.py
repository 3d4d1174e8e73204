"""What an owner has: created and counted in one commit whose new totals come back with it, undone over a limit.

A transaction that reads the totals first would make every create of one owner wait for the others; Increments do not. Totals
never stay above a limit. A create that is refused counts until it is undone, so another that would just fit may be refused
meanwhile.
"""

from collections.abc import Mapping

from google.api_core.exceptions import AlreadyExists, NotFound
from google.cloud.firestore import AsyncClient, AsyncDocumentReference, AsyncWriteBatch, Increment

from shared.adapters.firestore_client import SCHEMA, fields, place_of_user, stands, totals
from shared.core.errors import QuotaExceededError
from shared.domain.base import Record
from shared.domain.plan import Stock, check_stock


async def create_counted(
    client: AsyncClient, owner_id: str, created: Mapping[AsyncDocumentReference, Record], change: Stock, limits: Stock
) -> None:
    """Create the documents and add the change to the owner's stock. Raises google's AlreadyExists, or QuotaExceededError."""
    batch = client.batch()
    for place, record in created.items():
        batch.create(place, fields(record))
    count(client, batch, owner_id, change, 1)
    try:
        *_, counted = await batch.commit()
        held = totals(counted, _touched(change))
    except AlreadyExists:
        # The library repeats a commit whose answer was lost, and the repetition then meets what the first one has made. A commit
        # is all or nothing, so one of its documents tells of it whole.
        if not await stands(*next(iter(created.items()))):
            raise
        held = await _held(client, owner_id, change)
    try:
        check_stock(Stock(**held), limits)
    except QuotaExceededError:
        await _undo(client, owner_id, list(created), change)
        raise


async def require_fits(client: AsyncClient, owner_id: str, change: Stock, limits: Stock) -> None:
    """Raises QuotaExceededError where what the owner has by now, the change included, is over a limit."""
    check_stock(Stock(**await _held(client, owner_id, change)), limits)


def count(client: AsyncClient, batch: AsyncWriteBatch, owner_id: str, change: Stock, sign: int) -> None:
    """Add the change to the owner's stock, or take it out, with the batch's commit."""
    added = {name: Increment(sign * amount) for name, amount in _touched(change).items()}
    batch.set(_stock(client, owner_id), {**SCHEMA, "owner_id": owner_id, **added}, merge=True)


async def _undo(client: AsyncClient, owner_id: str, created: list[AsyncDocumentReference], change: Stock) -> None:
    """Take back what was created and counted; the precondition keeps a repeated commit from counting twice."""
    batch = client.batch()
    for place in created:
        batch.delete(place, option=client.write_option(exists=True))
    count(client, batch, owner_id, change, -1)
    try:
        await batch.commit()
    except NotFound:
        return


async def _held(client: AsyncClient, owner_id: str, change: Stock) -> dict[str, int]:
    """The totals as they are by now, of what the change touches."""
    stored = (await _stock(client, owner_id).get()).to_dict() or {}
    return {name: stored[name] for name in _touched(change)}


def _stock(client: AsyncClient, owner_id: str) -> AsyncDocumentReference:
    return place_of_user(client, "usage", owner_id)


def _touched(change: Stock) -> dict[str, int]:
    return {name: amount for name, amount in change.model_dump().items() if amount}
