"""Forgets one of the caller's own prompts: its kept answers, its versions, and last itself, so that it can be begun again."""

from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model
from shared.ports.prompts import PromptRuns, Prompts
from shared.runtime.functions import Call, callable_function


class DeletePrompt(Model):
    """Which of the caller's own prompts."""

    prompt_id: Id


class DeletedPrompt(Model):
    """The id, which is free again."""

    prompt_id: str


@callable_function
async def delete_prompt(wanted: DeletePrompt, call: Call, *, prompts: Prompts, runs: PromptRuns) -> DeletedPrompt:
    """What was removed. An answer that is being written meanwhile may still be kept until it expires."""
    if await prompts.get(wanted.prompt_id, call.uid) is None:
        raise NotFoundError("You have no such prompt.", field="prompt_id")
    await runs.forget(wanted.prompt_id, call.uid)
    await prompts.delete(wanted.prompt_id, call.uid)
    return DeletedPrompt(prompt_id=wanted.prompt_id)
