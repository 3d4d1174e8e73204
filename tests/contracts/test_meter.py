"""What is shown of use is what was counted."""

from shared.domain.plan import FlowTotals, Stock, Used
from tests.contracts.conftest import Stores
from tests.contracts.records import NOW, OFTEN, PLENTY, after, bot, document, reservation


async def test_who_has_used_nothing_reads_zeros(stores: Stores) -> None:
    nothing = FlowTotals(turns_this_minute=0, turns_this_month=0, tokens_this_month=0)

    assert await stores.meter.read("a/b", NOW) == Used(stock=Stock(), flow=nothing)


async def test_what_was_made_and_asked_is_counted(stores: Stores) -> None:
    await stores.bots.create(bot(), PLENTY)
    await stores.documents.create(document(size_bytes=1000), PLENTY)
    for number, at in enumerate((NOW, NOW, after(60))):
        await stores.usage.reserve(f"r{number}", reservation(tokens=100, at=at), OFTEN, lease=after(60) - NOW)

    used = await stores.meter.read("owner", NOW)

    assert used.stock == Stock(bots=1, documents=1, bytes=1000)
    assert used.flow == FlowTotals(turns_this_minute=2, turns_this_month=3, tokens_this_month=300)


async def test_another_month_begins_at_nothing(stores: Stores) -> None:
    await stores.usage.reserve("r", reservation(), OFTEN, lease=after(60) - NOW)

    used = await stores.meter.read("owner", NOW.replace(month=12))

    assert (used.flow.turns_this_month, used.flow.tokens_this_month) == (0, 0)
