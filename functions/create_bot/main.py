"""Makes a bot whose configuration is version 1; counted against the owner's plan in the same commit."""

from shared.core.clock import Clock
from shared.core.errors import AlreadyExistsError
from shared.core.ids import derived_id, new_id
from shared.domain.bot import Bot, BotDraft
from shared.domain.plan import plan_of
from shared.domain.views import BotView
from shared.ports.store import Bots
from shared.runtime.functions import Call, callable_function
from shared.runtime.models import Registry
from shared.services.drafts import Drafts


@callable_function
async def create_bot(draft: BotDraft, call: Call, *, bots: Bots, drafts: Drafts, registry: Registry, clock: Clock) -> BotView:
    """The new bot. A persona, a model or a key that does not exist is an error that names its field."""
    await drafts.check(draft, call.uid, registry.chat_model)
    now = clock()
    bot = Bot(id=_bot_id(call), owner_id=call.uid, configuration=draft, created_at=now, updated_at=now)
    try:
        await bots.create(bot, plan_of(call.account).stock)
    except AlreadyExistsError as error:
        # An earlier try of this call made it and died before its answer was kept: the person gets that bot, not a second one.
        made = await bots.get(bot.id, call.uid)
        if made is None or made.configuration != draft:
            message = "A bot was made with this idempotency_key before; take a new key for a new bot."
            raise AlreadyExistsError(message, field="idempotency_key") from error
        return BotView.of(made)
    return BotView.of(bot)


def _bot_id(call: Call) -> str:
    return derived_id("bot", call.uid, call.idempotency_key) if call.idempotency_key else new_id()
