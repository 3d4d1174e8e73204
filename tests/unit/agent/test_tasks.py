"""The product's tasks and own prompts: what each asks, what each costs at most, and which cannot be done."""

from typing import Any

import pytest

from shared.agent import tasks
from shared.agent.textual import NOT_IN_THE_TEXT
from shared.agent.writing import Writer, framed
from shared.core.errors import FailedPreconditionError, InvalidArgumentError
from shared.domain.bot import GenerationSettings
from shared.domain.prompt import ModelSpec
from shared.domain.task import BUILT_INS, Written
from shared.domain.template import PromptTemplate, Variable, chosen
from tests.memory.chat_models import ScriptedChatModel

GENERATION = GenerationSettings(temperature=0, max_output_tokens=100)
SPEC = ModelSpec(name="scripted", adapter="memory", context_tokens=4000)
QUOTING = SPEC.model_copy(update={"follows_instructions": False})
WHALES = "Blue whales eat krill, up to four tonnes a day. They live in all oceans."


def task(task_id: str, spec: ModelSpec = SPEC, **given: Any) -> tasks.Task:
    return tasks.built_in(task_id, chosen(BUILT_INS[task_id].variables, {"text": WHALES, **given}), spec, GENERATION)


async def run(made: tasks.Task, *said: str) -> tuple[Written, ScriptedChatModel, Writer]:
    model = ScriptedChatModel(said)
    model.spec = SPEC
    writer = Writer(model, GENERATION)
    return await made.run(writer), model, writer


async def test_an_answer_comes_with_the_place_of_its_proof_in_the_text() -> None:
    written, model, _ = await run(task("answer", question="What do they eat?"), "They eat krill [[1|Blue whales eat krill]].")
    [quoted] = written.citations
    assert (written.text, written.found, quoted.verified) == ("They eat krill [1].", True, True)
    assert WHALES[quoted.start : quoted.end] == quoted.quote == "Blue whales eat krill"
    assert "What do they eat?" in model.prompts[0].user


async def test_a_quote_that_the_text_does_not_hold_is_marked() -> None:
    written, _, _ = await run(task("answer", question="What do they eat?"), "They eat fish [[1|Blue whales eat fish]].")
    assert (written.text, written.citations[0].verified) == ("They eat fish [1?].", False)


async def test_what_the_text_does_not_say_is_said_to_be_so() -> None:
    written, _, _ = await run(task("answer", question="Who invented the telephone?"), "[[not found]]")
    assert (written.text, written.found, written.citations) == (NOT_IN_THE_TEXT, False, ())


async def test_of_a_text_beyond_the_context_the_parts_that_speak_of_the_question_are_read() -> None:
    text = "\n\n".join(f"Chapter {number}. " + "The sea is wide and deep. " * 30 for number in range(60))
    text = text.replace("Chapter 41.", "Chapter 41. Narwhals have a tusk of ivory.")
    made = task("answer", text=text, question="What tusk do narwhals have?")
    written, model, writer = await run(made, "Of ivory [[9|a tusk of ivory]].")
    assert "Narwhals have a tusk" in model.prompts[0].user
    assert text[written.citations[0].start : written.citations[0].end] == "a tusk of ivory"
    assert writer.usage.total <= made.likely_tokens <= SPEC.context_tokens


async def test_a_rewriting_frames_the_text_and_says_what_is_wished() -> None:
    made = task("rewrite", instruction="Use no figures.", tone="friendly", language="French")
    written, model, writer = await run(made, "Les baleines…")
    assert written.text == "Les baleines…"
    assert model.prompts[0].user == (
        f"{framed(WHALES)}\n\nRewrite the text. Use no figures. Make it warm and friendly. Write it in French."
    )
    assert writer.usage.total <= made.likely_tokens


async def test_an_extraction_shows_the_schema_and_answers_text_and_value() -> None:
    schema = {"type": "object", "properties": {"food": {"type": "string"}}, "required": ["food"]}
    made = task("extract", schema=schema)
    written, model, writer = await run(made, '```json\n{"food": "krill"}\n```')
    assert (written.output, written.text) == ({"food": "krill"}, '{\n  "food": "krill"\n}')
    assert '"required":["food"]' in model.prompts[0].system
    assert writer.usage.total <= made.likely_tokens


async def test_an_own_prompt_asks_what_it_says_and_its_links_are_shown() -> None:
    template = PromptTemplate(name="G", text="Greet {{name}}.", system="Be warm.", variables=(Variable(name="name"),))
    made = tasks.own(template, {"name": "{{name}}"}, SPEC, GENERATION)
    written, model, _ = await run(made, "Hi! [more](https://a.test/) ![x](https://b.test/)")
    assert (model.prompts[0].system, model.prompts[0].user) == ("Be warm.", "Greet {{name}}.")
    assert written.text == "Hi! [more](https://a.test/) [x]"


async def test_an_own_prompt_may_answer_json() -> None:
    template = PromptTemplate(name="G", text="Three numbers.", output_schema={"type": "array", "items": {"type": "integer"}})
    written, model, _ = await run(tasks.own(template, {}, SPEC, GENERATION), "[1, 2, 3]")
    assert written.output == [1, 2, 3]
    assert '{"type":"array"' in model.prompts[0].system


async def test_an_answer_that_was_cut_short_says_so() -> None:
    model = ScriptedChatModel(["Once upon a"])
    model.spec, model.finish_reason = SPEC, "length"
    for made in (task("rewrite", tone="plain"), task("summarise"), task("answer", question="What?")):
        assert (await made.run(Writer(model, GENERATION))).cut_short


@pytest.mark.parametrize(
    ("task_id", "given", "field"),
    [
        ("summarise", {"text": " \n "}, "variables.text"),
        ("answer", {"text": "\u2003", "question": "?"}, "variables.text"),
        ("answer", {"question": " "}, "variables.question"),
        ("rewrite", {}, "variables.instruction"),
        ("rewrite", {"instruction": " "}, "variables.instruction"),
        ("rewrite", {"tone": "plain", "text": "word " * 4000}, "variables.text"),
        ("extract", {"schema": {"type": "strin"}}, "variables.schema"),
        ("extract", {"schema": {}, "text": "word " * 4000}, "variables.text"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_variable(task_id: str, given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        task(task_id, **given)
    assert refused.value.field == field


def test_a_question_that_leaves_no_room_is_refused_by_its_name() -> None:
    tiny = SPEC.model_copy(update={"context_tokens": 900})
    with pytest.raises(InvalidArgumentError) as refused:
        task("answer", tiny, question="Why? " * 300)
    assert refused.value.field == "variables.question"


@pytest.mark.parametrize(("task_id", "given"), [("rewrite", {"tone": "plain"}), ("extract", {"schema": {}})])
def test_a_model_that_only_quotes_does_not_write(task_id: str, given: dict[str, Any]) -> None:
    with pytest.raises(FailedPreconditionError, match="choose a model that writes") as refused:
        task(task_id, QUOTING, **given)
    assert refused.value.field == "model"
    with pytest.raises(FailedPreconditionError):
        tasks.own(PromptTemplate(name="G", text="Greet."), {}, QUOTING, GENERATION)


async def test_a_model_that_only_quotes_answers_from_a_text() -> None:
    made = task("answer", QUOTING, question="What do they eat?")
    model = ScriptedChatModel(["Extracts: [[1|Blue whales eat krill]]"])
    model.spec = QUOTING
    written = await made.run(Writer(model, GENERATION))
    assert (written.extracts, written.citations[0].verified) == (True, True)
