"""Saves one of the caller's own prompts under an id of the caller's choice; a changed one is a new version, the old ones stay."""

from shared.agent.schemas import check_schema
from shared.core.clock import Clock
from shared.core.errors import AlreadyExistsError, InvalidArgumentError
from shared.domain.base import Id
from shared.domain.plan import plan_of
from shared.domain.prompt_view import PromptView
from shared.domain.task import BUILT_INS
from shared.domain.template import PromptTemplate, SavedPrompt, prompt_key
from shared.ports.prompts import Prompts
from shared.runtime.functions import Call, callable_function
from shared.runtime.models import Registry

# A page of a hundred prompts lies whole in memory, and a document of Firestore holds 1 MiB.
MOST_BYTES = 200_000


class SavePrompt(PromptTemplate):
    """The whole prompt; equal content under the same id makes no new version."""

    prompt_id: Id

    @property
    def template(self) -> PromptTemplate:
        """Without its id."""
        return PromptTemplate(**self.model_dump(exclude={"prompt_id"}))


@callable_function
async def save_prompt(wanted: SavePrompt, call: Call, *, prompts: Prompts, registry: Registry, clock: Clock) -> PromptView:
    """What is saved now. An id of the product's is taken; If-Match guards against overwriting, "0" against any prompt there."""
    _check(wanted, registry)
    before = await prompts.get(wanted.prompt_id, call.uid)
    if before and before.template == wanted.template:
        # Asked before the condition, so that a repeated call answers alike (RFC 9110, section 13.1.1).
        return PromptView.of(before)
    call.require_version(before.version if before else 0)
    now = clock()
    prompt = SavedPrompt(
        id=prompt_key(call.uid, wanted.prompt_id),
        prompt_id=wanted.prompt_id,
        owner_id=call.uid,
        version=before.version + 1 if before else 1,
        template=wanted.template,
        created_at=before.created_at if before else now,
        updated_at=now,
    )
    await prompts.save(prompt, plan_of(call.account).stock)
    return PromptView.of(prompt)


def _check(wanted: SavePrompt, registry: Registry) -> None:
    if wanted.prompt_id in BUILT_INS:
        raise AlreadyExistsError("A prompt of the product has this id; choose another.", field="prompt_id")
    if len(wanted.template.model_dump_json().encode()) > MOST_BYTES:
        message = f"The whole prompt may take {MOST_BYTES:,} bytes as JSON; shorten its variables."
        raise InvalidArgumentError(message, field="variables")
    if wanted.model:
        registry.chat_model(wanted.model)
    if wanted.output_schema is not None:
        check_schema(wanted.output_schema, "output_schema")
