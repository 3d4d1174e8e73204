"""Removes what a deleted document has left in the index, in the bucket and in the ledger, and searches for it in the end."""

from shared.domain.deletion import DeletionMessage, topic_of
from shared.runtime.functions import stage_function
from shared.services.deletions import Deleting
from shared.services.purges import DocumentPurge, carry_out


@stage_function
async def purge_document(message: DeletionMessage, *, deleting: Deleting, purge: DocumentPurge) -> None:
    """Late stages are waited for, since they would write again what was removed under them."""
    ended = await carry_out(deleting, purge, message)
    # The sweep would ask for what waits for it too, a minute later.
    if ended is not None and (kind := await purge.waited_for_by(ended)):
        await deleting.queue.publish(topic_of(kind), [{"deletion_id": ended.part_of}])
