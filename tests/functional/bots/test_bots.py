"""Making, listing and showing bots, and searching what they know."""

import pytest

from shared.domain.account import Account
from shared.domain.chunk import ChunkFlag, EmbeddedChunk
from shared.domain.plan import FREE, Stock
from tests.functional.harness import client_for
from tests.functional.people import World, recorded

CREATE = client_for("create_bot")
LIST = client_for("list_bots")
GET = client_for("get_bot")
SEARCH = client_for("search_knowledge")


async def test_a_bot_is_made_as_drafted_and_can_be_read(world: World) -> None:
    draft = recorded(__file__, "create_bot")
    reply = await CREATE.call(draft, token="alice")
    made = reply.result
    assert {name: made[name] for name in draft} == draft | {"name": "Whale reader"}
    assert (made["version"], made["visibility"], made["link"], reply.headers["etag"]) == (1, "private", None, '"1"')
    figures = {"days": 30, "turns": 0, "rated_up": 0, "rated_down": 0, "average_latency_ms": None}
    shown = (await GET.call({"bot_id": made["id"]}, token="alice")).result
    assert shown == made | {"current_version": 1, "figures": figures}
    assert world.store.bots[made["id"]].owner_id == "alice"
    assert world.store.bot_versions[made["id"], 1].configuration.name == "Whale reader"


async def test_a_name_is_enough() -> None:
    made = (await CREATE.call({"name": "Reader"}, token="alice")).result
    assert (made["agent_kind"], made["model"], made["persona_id"]) == ("rag", None, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " " * 5}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"persona_id": "nobody"}, "persona_id"),
        ({"model": "gpt-none"}, "model"),
        ({"agent_kind": "react"}, "agent_kind"),
        ({"generation": {"temperature": 3}}, "generation.temperature"),
        ({"retrieval": {"top_k": 0}}, "retrieval.top_k"),
        ({"owner_id": "bob"}, "owner_id"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_made(world: World, change: dict[str, object], field: str) -> None:
    before = set(world.store.bots)
    error = (await CREATE.call(recorded(__file__, "create_bot", **change), token="alice")).error
    assert error["status"] == "INVALID_ARGUMENT"
    assert field in str(error)
    assert set(world.store.bots) == before


async def test_the_same_key_makes_one_bot(world: World) -> None:
    draft, before = recorded(__file__, "create_bot"), len(world.store.bots)
    replies = [
        await CREATE.rest("POST", "/api/v1/child-bots", draft, token="alice", headers={"idempotency-key": "k"}) for _ in "ab"
    ]
    assert replies[0].json == replies[1].json
    assert len(world.store.bots) == before + 1


async def test_a_key_whose_receipt_was_lost_finds_the_bot_that_it_made(world: World) -> None:
    draft, before = recorded(__file__, "create_bot", idempotency_key="k"), len(world.store.bots)
    made = (await CREATE.call(draft, token="alice")).result
    world.store.receipts.clear()
    assert (await CREATE.call(draft, token="alice")).result == made
    world.store.receipts.clear()
    error = (await CREATE.call(draft | {"name": "Another"}, token="alice")).error
    assert (error["status"], error["details"]["field"]) == ("ALREADY_EXISTS", "idempotency_key")
    assert len(world.store.bots) == before + 1


async def test_one_key_of_two_people_makes_two_bots() -> None:
    draft = recorded(__file__, "create_bot", idempotency_key="k")
    alices, bobs = [(await CREATE.call(draft, token=name)).result["id"] for name in ("alice", "bob")]
    assert alices != bobs


async def test_the_plans_limit_of_bots_holds(world: World) -> None:
    world.store.stock["alice"] = Stock(bots=FREE.stock.bots)
    assert (await CREATE.call({"name": "One more"}, token="alice")).error["status"] == "RESOURCE_EXHAUSTED"


async def test_a_suspended_account_makes_no_bot_and_searches_nothing(world: World) -> None:
    world.store.accounts["alice"] = Account(id="alice", suspended=True)
    made = await CREATE.call({"name": "Reader"}, token="alice")
    searched = await SEARCH.call(recorded(__file__, "search_knowledge", bot_id="bot"), token="alice")
    assert (made.error["status"], searched.error["status"]) == ("PERMISSION_DENIED", "PERMISSION_DENIED")
    assert world.library.embedder.calls == []


async def test_bots_are_listed_by_page_and_only_ones_own() -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        url = f"/api/v1/child-bots?page_size=1{cursor}"
        page = (await LIST.rest("GET", url, token="alice")).json
        seen += [bot["id"] for bot in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(seen) == ["bot", "talker"]
    assert (await LIST.call({}, token="bob")).result["items"] == []


@pytest.mark.parametrize("bot_id", ["bot", "none"])
async def test_anothers_bot_reads_as_a_missing_one(bot_id: str) -> None:
    got = await GET.rest("GET", f"/api/v1/child-bots/{bot_id}", token="bob")
    searched = await SEARCH.rest(
        "POST", f"/api/v1/child-bots/{bot_id}/search", recorded(__file__, "search_knowledge"), token="bob"
    )
    assert (got.status, searched.status) == (404, 404)
    assert "whale" not in (got.content + searched.content).decode().lower()


async def test_a_search_answers_with_places_and_scores() -> None:
    reply = await SEARCH.rest("POST", "/api/v1/child-bots/bot/search", recorded(__file__, "search_knowledge"), token="alice")
    first, second = reply.json["items"]
    assert (first["number"], first["document_id"], first["document_title"]) == (1, "whales", "whales.pdf")
    assert first["text"] == "Blue whales eat krill, up to four tonnes a day."
    assert first["place"] == {"page": 1, "start": 100, "end": 147, "headings": []}
    assert first["score"] > second["score"] > 0


async def test_a_search_shows_what_tries_to_give_orders(world: World) -> None:
    for chunk_id, entry in world.store.chunks.items():
        flags = (ChunkFlag.INSTRUCTIONS,) if "krill" in entry.chunk.text else ()
        flagged = entry.chunk.model_copy(update={"flags": flags})
        world.store.chunks[chunk_id] = EmbeddedChunk(chunk=flagged, vector=entry.vector)
    found = (await SEARCH.call(recorded(__file__, "search_knowledge", bot_id="bot"), token="alice")).result
    assert [item["flags"] for item in found["items"]] == [["instructions"], []]


async def test_a_search_keeps_to_its_bot_and_finds_nothing_elsewhere() -> None:
    found = (await SEARCH.call({"bot_id": "talker", "query": "what do blue whales eat"}, token="alice")).result
    assert found == {"items": []}


@pytest.mark.parametrize("change", [{"query": " "}, {"top_k": 21}, {"query": "x" * 2001}])
async def test_a_wrong_search_names_its_field(change: dict[str, object]) -> None:
    error = (await SEARCH.call(recorded(__file__, "search_knowledge", bot_id="bot", **change), token="alice")).error
    assert error["status"] == "INVALID_ARGUMENT"
    assert next(iter(change)) in str(error)


@pytest.mark.parametrize("name", ["create_bot", "list_bots", "get_bot", "search_knowledge", "list_personas"])
async def test_nobody_unknown_is_served(name: str) -> None:
    assert (await client_for(name).call({})).status == 401
