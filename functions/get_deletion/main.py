"""Shows how far a deletion is; done, it is the receipt, which is kept for ninety days."""

from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model
from shared.domain.deletion import DeletionView
from shared.ports.deletions import Deletions
from shared.runtime.functions import Call, callable_function


class GetDeletion(Model):
    """Which deletion."""

    deletion_id: Id


@callable_function
async def get_deletion(wanted: GetDeletion, call: Call, *, deletions: Deletions) -> DeletionView:
    """The deletion as it stands. Raises NotFoundError for a deletion that is absent or another's."""
    deletion = await deletions.get(wanted.deletion_id, call.uid)
    if deletion is None:
        raise NotFoundError("There is no such deletion.", field="deletion_id")
    return DeletionView.of(deletion)
