"""Shows a prompt: one of the product's tasks, or one of the caller's own as it is or as a version of it was."""

from pydantic import Field

from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model
from shared.domain.prompt_view import PromptView
from shared.domain.task import BUILT_INS
from shared.ports.prompts import Prompts
from shared.runtime.functions import Call, callable_function


class GetPrompt(Model):
    """Which prompt; the current version where none is named."""

    prompt_id: Id
    version: int | None = Field(default=None, ge=1, lt=10**9)


@callable_function
async def get_prompt(wanted: GetPrompt, call: Call, *, prompts: Prompts) -> PromptView:
    """The prompt in that version; of the product's tasks only the present wording exists."""
    if task := BUILT_INS.get(wanted.prompt_id):
        if wanted.version in {None, task.version}:
            return PromptView.of_built_in(task)
    elif prompt := await prompts.get(wanted.prompt_id, call.uid, wanted.version):
        return PromptView.of(prompt)
    raise NotFoundError("There is no such prompt, or not in this version.", field="prompt_id")
