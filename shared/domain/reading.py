"""What a model that sees read in a picture."""

from pydantic import Field

from shared.domain.base import Record


class Reading(Record):
    """A model's answer to one picture; `text` is empty where there is none, `is_whole` false where the answer was cut."""

    text: str
    tokens: int = Field(ge=0, description="Paid, for the picture and for the answer.")
    is_whole: bool = True
    paid_by: str = Field(default="", description="The step that paid for it, so that its document counts it once.")
