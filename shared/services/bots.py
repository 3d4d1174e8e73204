"""Finds a caller's bot, and changes it without losing what another wrote meanwhile."""

from collections.abc import Callable

from shared.core.errors import ConflictError, NotFoundError
from shared.domain.bot import Bot, BotVersion
from shared.ports.store import Bots, Versioned

# Of changes at once one comes through each time, so this many may be made of one bot.
_TRIES = 8


def any_version(_: int) -> None:
    """For a change that does not depend on what the configuration is."""


async def find_bot(bots: Bots, bot_id: str, owner_id: str) -> Bot:
    """The owner's bot. Raises NotFoundError (field bot_id)."""
    bot = await bots.get(bot_id, owner_id)
    if bot is None:
        raise _no_bot()
    return bot


async def find_version(bots: Bots, bot_id: str, number: int, owner_id: str) -> BotVersion:
    """A version of the owner's bot. Raises NotFoundError (field bot_id, or version where the bot is there)."""
    version = await bots.version(bot_id, number, owner_id)
    if version is None:
        await find_bot(bots, bot_id, owner_id)
        raise NotFoundError("The bot has no such version.", field="version")
    return version


async def revise(
    bots: Bots,
    bot_id: str,
    owner_id: str,
    change: Callable[[Bot], Bot],
    *,
    require_version: Callable[[int], None] = any_version,
    restored_from: int | None = None,
) -> Bot:
    """The bot after the change, which is made anew upon what another wrote meanwhile; one that changes nothing is not stored.

    Raises NotFoundError (field bot_id), what `require_version` raises of the version that would be changed, and ConflictError
    where others are first again and again.
    """
    for _ in range(_TRIES):
        read = await bots.load(bot_id, owner_id)
        if read is None:
            raise _no_bot()
        bot = change(read.value)
        if bot == read.value:
            # Asked before the condition: a repeated call finds its change made, and its version no longer the current one
            # (RFC 9110, section 13.1.1, allows success then).
            return bot
        require_version(read.value.version)
        if await _is_stored(bots, read, bot, restored_from):
            return bot
    raise ConflictError("The bot is being changed by others at the same time; try again.", field="bot_id")


async def _is_stored(bots: Bots, read: Versioned[Bot], bot: Bot, restored_from: int | None) -> bool:
    """Write it; False where another was first."""
    try:
        if bot.version == read.value.version:
            await bots.change(read, bot)
        else:
            await bots.save(read, bot, BotVersion.of(bot, restored_from))
    except ConflictError:
        return False
    return True


def _no_bot() -> NotFoundError:
    return NotFoundError("There is no such bot.", field="bot_id")
