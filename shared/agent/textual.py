"""Answers from one text alone: its parts are numbered as passages, so a claim names its evidence and its quote is checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from shared.agent.prompts import PASSAGE_SHARE, Asked, Instructions, compose, room_for
from shared.agent.ranking import rank
from shared.agent.reading import Reader
from shared.agent.splitting import spans
from shared.agent.words import terms
from shared.agent.writing import Writer
from shared.core.errors import InvalidArgumentError
from shared.domain.bot import AgentKind, GenerationSettings
from shared.domain.chunk import Chunk, Hit, Passage, Place
from shared.domain.conversation import Citation
from shared.domain.prompt import ModelSpec, estimated_tokens
from shared.domain.task import Quoted, Written

NOT_IN_THE_TEXT = "The text does not say."
_PASSAGE_TOKENS = 250
_FRAME_TOKENS = 40
_INSTRUCTIONS = Instructions(AgentKind.RAG)


@dataclass(frozen=True)
class TextAnswer:
    """One question to one text. Raises InvalidArgumentError (field variables.question) where it leaves no room for the text."""

    values: Mapping[str, Any]
    spec: ModelSpec
    generation: GenerationSettings

    def __post_init__(self) -> None:
        if not self.values["question"].strip():
            raise InvalidArgumentError("variables.question must hold more than blanks.", field="variables.question")
        if self._room < 2 * (_PASSAGE_TOKENS + _FRAME_TOKENS):
            raise InvalidArgumentError(
                f"The question and an answer of {self.generation.max_output_tokens} tokens leave the model {self.spec.name} no "
                "room to read the text; ask in fewer words, or for a shorter answer.",
                field="variables.question",
            )

    @property
    def likely_tokens(self) -> int:
        """One call with the passages that are shown."""
        return self.spec.context_tokens - self._room + sum(map(_size, self._passages))

    async def run(self, writer: Writer) -> Written:
        """The answer, its claims with their quotes; raises as `Writer.write`."""
        asked = Asked(self.values["question"])
        prompt = compose(_INSTRUCTIONS, asked, asked.question, self._passages, self._room)
        text = await writer.write(prompt)
        reader = Reader(prompt.passages)
        shown = [*reader.feed(text), *reader.close()]
        said = "".join(piece for piece in shown if isinstance(piece, str)).strip()
        citations = tuple(_quoted(piece) for piece in shown if isinstance(piece, Citation))
        # A model may give up after a claim that it has proved; then the proof counts.
        found = any(citation.verified for citation in citations) if reader.gave_up else True
        return Written(
            text=said or NOT_IN_THE_TEXT,
            citations=citations,
            found=found and bool(said),
            extracts=not self.spec.follows_instructions,
            cut_short=writer.calls[-1].finish_reason == "length",
        )

    @cached_property
    def _room(self) -> int:
        try:
            return room_for(_INSTRUCTIONS, self.values["question"], self.spec, self.generation)
        except InvalidArgumentError:
            return 0

    @cached_property
    def _passages(self) -> tuple[Passage, ...]:
        """The whole text in its order where it fits; else the parts that share most words with the question."""
        text = self.values["text"]
        found = [_hit(text, span, place) for place, span in enumerate(spans(text, _PASSAGE_TOKENS)) if text[slice(*span)].strip()]
        fitting = int(self._room * PASSAGE_SHARE) // (_PASSAGE_TOKENS + _FRAME_TOKENS)
        if len(found) > fitting:
            found = sorted(_best(self.values["question"], found, fitting), key=lambda hit: hit.chunk.ordinal)
        return tuple(
            Passage(number=number, chunk=hit.chunk, document_title="The text", score=hit.score)
            for number, hit in enumerate(found, 1)
        )


def _best(question: str, hits: Sequence[Hit], limit: int) -> list[Hit]:
    """By the words that they share with the question, fused with how much they say of them."""
    wanted = set(terms(question))
    nearest = sorted(hits, key=lambda hit: -len(wanted.intersection(terms(hit.chunk.text))))
    return rank(question, nearest, limit)


def _hit(text: str, span: tuple[int, int], ordinal: int) -> Hit:
    """A part of the text as what the citation machinery reads; nothing of it is stored."""
    chunk = Chunk(
        id=f"text-{ordinal}",
        document_id="text",
        generation=1,
        ordinal=ordinal,
        owner_id="",
        bot_id="",
        text=text[slice(*span)],
        place=Place(start=span[0], end=span[1]),
        created_at=datetime.fromtimestamp(0, UTC),
    )
    return Hit(chunk=chunk, score=0)


def _quoted(citation: Citation) -> Quoted:
    place = citation.place
    return Quoted(number=citation.number, quote=citation.quote, start=place.start, end=place.end, verified=citation.verified)


def _size(passage: Passage) -> int:
    return estimated_tokens(passage.chunk.text) + _FRAME_TOKENS
