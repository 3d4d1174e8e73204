"""Runs a prompt: one of the product's tasks or one of the caller's own, filled in, asked, checked, and paid for once."""

from dataclasses import dataclass

from functions.run_prompt.kept import Kept
from functions.run_prompt.models import Runnable, RunPrompt
from shared.agent.tasks import Task
from shared.agent.writing import Writer
from shared.core.clock import Clock
from shared.core.errors import NotFoundError
from shared.core.settings import Settings
from shared.domain.plan import Reservation, plan_of
from shared.domain.task import BUILT_INS, PromptAnswer
from shared.domain.template import chosen
from shared.ports.models import ChatModels
from shared.ports.prompts import PromptRuns, Prompts
from shared.runtime.functions import Call, callable_function
from shared.services.metering import Purse, metered


@dataclass(frozen=True)
class Desk:
    """What a run needs."""

    prompts: Prompts
    runs: PromptRuns
    models: ChatModels
    purse: Purse
    clock: Clock
    settings: Settings


@callable_function
async def run_prompt(wanted: RunPrompt, call: Call, *, desk: Desk) -> PromptAnswer:
    """The answer, `cached` where an identical run at temperature 0 gave it before. Errors name `variables.<name>` or `model`."""
    prompt = await _found(wanted, call.uid, desk.prompts)
    values = chosen(prompt.variables, wanted.variables)
    generation = wanted.generation or prompt.content.generation
    writer = Writer(desk.models.get(wanted.model or prompt.model or desk.settings.chat_model), generation)
    task = prompt.task(values, writer.spec, generation)
    if generation.temperature > 0:
        return await _written(task, writer, prompt.version, call, desk)
    kept = Kept(desk.runs, desk.clock, call.uid, wanted.prompt_id)
    run_id = kept.run_id(prompt, values, writer.spec, generation)
    if answer := await kept.answer(run_id):
        return answer
    answer = await _written(task, writer, prompt.version, call, desk)
    await kept.keep(run_id, answer)
    return answer


async def _found(wanted: RunPrompt, owner_id: str, prompts: Prompts) -> Runnable:
    if task := BUILT_INS.get(wanted.prompt_id):
        if wanted.version in {None, task.version}:
            return Runnable(task.version, task)
    elif prompt := await prompts.get(wanted.prompt_id, owner_id, wanted.version):
        return Runnable.saved(prompt)
    raise NotFoundError("There is no such prompt, or not in this version.", field="prompt_id")


async def _written(task: Task, writer: Writer, version: int, call: Call, desk: Desk) -> PromptAnswer:
    """Do it at the caller's expense."""
    reservation = Reservation(owner_id=call.uid, at=desk.clock(), tokens=task.likely_tokens)
    async with metered(desk.purse, reservation, plan_of(call.account).flow, lambda: writer.usage.total):
        written = await task.run(writer)
    model = writer.calls[-1].model if writer.calls else writer.spec.name
    return PromptAnswer(**written.model_dump(), model=model, usage=writer.usage, version=version)
