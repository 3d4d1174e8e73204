"""Own prompts and personas: found by owner and chosen id, changed only over the version before, and counted exactly."""

import asyncio

import pytest

from shared.core.errors import ConflictError, InvalidArgumentError, ResourceExhaustedError
from shared.domain.base import PageRequest
from shared.domain.own_persona import OwnPersona, PersonaDraft
from shared.domain.plan import Stock
from shared.domain.template import PromptRun, PromptTemplate, SavedPrompt, Variable
from tests.contracts.conftest import Stores
from tests.contracts.records import NAUGHTY, NOW, PLENTY, after, own_persona, saved_prompt

SCHEMA = {"type": "object", "properties": {"": {"enum": [[1, [2]], {"__x__": None}]}}, "const": {"a": [[]]}}


def run(run_id: str = "digest", owner_id: str = "owner", prompt_id: str = "greeting", seconds: float = 60) -> PromptRun:
    return PromptRun(id=run_id, owner_id=owner_id, prompt_id=prompt_id, answer="{}", created_at=NOW, expire_at=after(seconds))


def later(stored: SavedPrompt, text: str) -> SavedPrompt:
    template = stored.template.model_copy(update={"text": text})
    return stored.model_copy(update={"version": stored.version + 1, "template": template, "updated_at": after(stored.version)})


def renamed(stored: OwnPersona, name: str) -> OwnPersona:
    draft = stored.configuration.model_copy(update={"name": name})
    return stored.model_copy(update={"version": stored.version + 1, "configuration": draft, "updated_at": after(stored.version)})


async def test_a_saved_prompt_is_read_back_whole_now_and_by_version(stores: Stores) -> None:
    first = saved_prompt()
    second = later(first, "Greet {{name}} again.")

    await stores.prompts.save(first, PLENTY)
    await stores.prompts.save(second, PLENTY)

    assert await stores.prompts.get("greeting", "owner") == second
    assert [await stores.prompts.get("greeting", "owner", number) for number in (1, 2, 3)] == [first, second, None]


async def test_any_schema_and_every_text_of_a_template_come_back_as_they_were(stores: Stores) -> None:
    variables = tuple(Variable(name=f"v{number}", default=text) for number, text in enumerate(NAUGHTY))
    common = PromptTemplate(name="N", text="T", variables=variables, output_schema=SCHEMA)
    templates = [common.model_copy(update={"text": f"{text}.", "system": text}) for text in NAUGHTY]
    made = [saved_prompt(prompt_id=f"p{number}", template=template) for number, template in enumerate(templates)]

    for one in made:
        await stores.prompts.save(one, PLENTY)

    assert [await stores.prompts.get(one.prompt_id, "owner") for one in made] == made


async def test_two_owners_may_choose_the_same_id(stores: Stores) -> None:
    mine, theirs = saved_prompt(), saved_prompt("somebody")
    my_persona, their_persona = own_persona(), own_persona("somebody")
    for one in (mine, theirs):
        await stores.prompts.save(one, PLENTY)
    for persona in (my_persona, their_persona):
        await stores.personas.save(persona, PLENTY)

    await stores.prompts.delete("greeting", "somebody")
    await stores.personas.delete("pirate", "somebody")

    assert (await stores.prompts.get("greeting", "owner"), await stores.prompts.get("greeting", "somebody")) == (mine, None)
    assert (await stores.personas.get("pirate", "owner"), await stores.personas.get("pirate", "somebody")) == (my_persona, None)
    assert (await stores.prompts.list("owner", PageRequest())).items == (mine,)
    assert (await stores.personas.list("owner", PageRequest())).items == (my_persona,)


@pytest.mark.parametrize("number", [1, 2, 4])
async def test_a_prompt_is_saved_only_over_the_version_before(stores: Stores, number: int) -> None:
    first = saved_prompt()
    second = later(first, "Greet {{name}} again.")
    await stores.prompts.save(first, PLENTY)
    await stores.prompts.save(second, PLENTY)

    with pytest.raises(ConflictError):
        await stores.prompts.save(later(first, "Another").model_copy(update={"version": number}), PLENTY)

    assert await stores.prompts.get("greeting", "owner") == second
    assert await stores.prompts.get("greeting", "owner", 4) is None


async def test_a_later_version_of_what_is_not_there_is_refused(stores: Stores) -> None:
    with pytest.raises(ConflictError):
        await stores.prompts.save(saved_prompt(version=2), PLENTY)
    with pytest.raises(ConflictError):
        await stores.personas.save(own_persona(version=2), PLENTY)


async def test_one_of_many_savers_at_once_wins(stores: Stores) -> None:
    first = saved_prompt()
    await stores.prompts.save(first, PLENTY)
    tries = [later(first, f"Text {number}") for number in range(10)]

    results = await asyncio.gather(*(stores.prompts.save(one, PLENTY) for one in tries), return_exceptions=True)

    [won] = [one for one, result in zip(tries, results, strict=True) if result is None]
    assert {type(result) for result in results} == {type(None), ConflictError}
    assert await stores.prompts.get("greeting", "owner") == await stores.prompts.get("greeting", "owner", 2) == won


async def test_the_very_same_again_is_stored_and_counted_once(stores: Stores) -> None:
    prompt, persona = saved_prompt(), own_persona()
    for _ in range(2):
        await stores.prompts.save(prompt, Stock(prompts=1))
        await stores.personas.save(persona, Stock(personas=1))
    second, other = later(prompt, "Again"), renamed(persona, "Captain")
    for _ in range(2):
        await stores.prompts.save(second, Stock(prompts=1))
        await stores.personas.save(other, Stock(personas=1))

    assert (await stores.prompts.get("greeting", "owner"), await stores.personas.get("pirate", "owner")) == (second, other)


async def test_a_limit_counts_things_and_not_their_versions_and_a_delete_makes_room(stores: Stores) -> None:
    await stores.prompts.save(saved_prompt(), Stock(prompts=1))
    await stores.personas.save(own_persona(), Stock(personas=1))
    with pytest.raises(ResourceExhaustedError, match="1 prompts"):
        await stores.prompts.save(saved_prompt(prompt_id="another"), Stock(prompts=1))
    with pytest.raises(ResourceExhaustedError, match="1 personas"):
        await stores.personas.save(own_persona(persona_id="another"), Stock(personas=1))
    assert await stores.prompts.get("another", "owner", 1) is None

    # Twice, since a delete that is repeated must not make room twice.
    for _ in range(2):
        await stores.prompts.delete("greeting", "owner")
        await stores.personas.delete("pirate", "owner")

    await stores.prompts.save(saved_prompt(prompt_id="another"), Stock(prompts=1))
    await stores.personas.save(own_persona(persona_id="another"), Stock(personas=1))
    with pytest.raises(ResourceExhaustedError):
        await stores.prompts.save(saved_prompt(), Stock(prompts=1))
    with pytest.raises(ResourceExhaustedError):
        await stores.personas.save(own_persona(), Stock(personas=1))


async def test_fifty_saves_at_once_against_a_limit_of_twenty_leave_twenty(stores: Stores) -> None:
    made = [saved_prompt(prompt_id=f"p{number}") for number in range(50)]

    results = await asyncio.gather(*(stores.prompts.save(one, Stock(prompts=20)) for one in made), return_exceptions=True)

    assert sum(isinstance(result, ResourceExhaustedError) for result in results) == 30
    assert len((await stores.prompts.list("owner", PageRequest(page_size=100))).items) == 20


async def test_a_deleted_prompt_leaves_no_version_and_begins_anew(stores: Stores) -> None:
    first = saved_prompt()
    await stores.prompts.save(first, PLENTY)
    await stores.prompts.save(later(first, "Again"), PLENTY)

    await stores.prompts.delete("greeting", "owner")

    assert [await stores.prompts.get("greeting", "owner", number) for number in (None, 1, 2)] == [None, None, None]
    await stores.prompts.save(first, PLENTY)
    assert await stores.prompts.get("greeting", "owner", 2) is None


async def test_a_changed_persona_is_read_back_whole(stores: Stores) -> None:
    made = [own_persona(persona_id=f"p{number}") for number in range(len(NAUGHTY))]
    drafts = [PersonaDraft(name="N", description=text, instructions=f"{text}.") for text in NAUGHTY]
    changed = [one.model_copy(update={"version": 2, "configuration": draft}) for one, draft in zip(made, drafts, strict=True)]
    for one, other in zip(made, changed, strict=True):
        await stores.personas.save(one, PLENTY)
        await stores.personas.save(other, PLENTY)

    assert [await stores.personas.get(one.persona_id, "owner") for one in made] == changed


async def test_pages_are_newest_first_and_a_cursor_walks_to_the_end(stores: Stores) -> None:
    made = [own_persona(persona_id=f"p{number}", age=number // 2) for number in range(5)]
    written = [saved_prompt(prompt_id=f"p{number}", age=number // 2) for number in range(5)]
    for persona, prompt in zip(made, written, strict=True):
        await stores.personas.save(persona, PLENTY)
        await stores.prompts.save(prompt, PLENTY)

    seen: list[OwnPersona] = []
    seen_prompts: list[SavedPrompt] = []
    cursor, other = None, None
    for _ in range(3):
        page = await stores.personas.list("owner", PageRequest(page_size=2, cursor=cursor))
        prompts = await stores.prompts.list("owner", PageRequest(page_size=2, cursor=other))
        cursor, other = page.next_cursor, prompts.next_cursor
        seen += page.items
        seen_prompts += prompts.items

    assert (cursor, other) == (None, None)
    assert seen == sorted(made, key=lambda one: (one.created_at, one.id), reverse=True)
    assert seen_prompts == sorted(written, key=lambda one: (one.created_at, one.id), reverse=True)


async def test_a_cursor_that_is_not_ours_is_refused_by_field(stores: Stores) -> None:
    for listed in (stores.personas.list, stores.prompts.list):
        with pytest.raises(InvalidArgumentError) as refused:
            await listed("owner", PageRequest(cursor="x"))
        assert refused.value.field == "cursor"


@pytest.mark.parametrize("odd", ["", ".", "..", "a/b", "__x__", "ü", "x" * 1000])
async def test_an_id_that_cannot_be_chosen_reads_as_missing(stores: Stores, odd: str) -> None:
    assert await stores.prompts.get(odd, "owner") is None
    assert await stores.personas.get(odd, "owner") is None


async def test_a_kept_answer_is_its_owners_until_it_expires(stores: Stores) -> None:
    await stores.prompt_runs.keep(run())

    assert await stores.prompt_runs.get("digest", "owner", after(59)) == run()
    assert await stores.prompt_runs.get("digest", "owner", after(60)) is None
    assert await stores.prompt_runs.get("digest", "somebody", NOW) is None
    assert await stores.prompt_runs.get("other", "owner", NOW) is None


async def test_a_later_answer_takes_the_place_of_the_first(stores: Stores) -> None:
    await stores.prompt_runs.keep(run())
    await stores.prompt_runs.keep(run(seconds=600))

    assert await stores.prompt_runs.get("digest", "owner", after(60)) == run(seconds=600)


async def test_a_forgotten_prompts_answers_are_gone_and_no_others(stores: Stores) -> None:
    for number in range(3):
        await stores.prompt_runs.keep(run(f"mine-{number}"))
    await stores.prompt_runs.keep(run("other", prompt_id="another"))
    await stores.prompt_runs.keep(run("theirs", owner_id="somebody"))

    await stores.prompt_runs.forget("greeting", "owner")

    assert [await stores.prompt_runs.get(f"mine-{number}", "owner", NOW) for number in range(3)] == [None, None, None]
    assert await stores.prompt_runs.get("other", "owner", NOW) is not None
    assert await stores.prompt_runs.get("theirs", "somebody", NOW) is not None
