"""Lists the prompts that can be run: the product's tasks, and the caller's own, a page at a time."""

from shared.domain.base import Page, PageRequest
from shared.domain.prompt_view import PromptView
from shared.domain.task import BUILT_INS
from shared.ports.prompts import Prompts
from shared.runtime.functions import Call, callable_function


@callable_function
async def list_prompts(page: PageRequest, call: Call, *, prompts: Prompts) -> Page[PromptView]:
    """Own ones newest first; before them, on the first page and beside its size, the product's."""
    found = await prompts.list(call.uid, page)
    tasks = () if page.cursor else tuple(PromptView.of_built_in(task) for task in BUILT_INS.values())
    return Page(items=tasks + tuple(PromptView.of(prompt) for prompt in found.items), next_cursor=found.next_cursor)
