"""A chat model that invents nothing: it quotes the passages' best sentences, and says so when none answers.

It runs without a generative model, so the whole product works on one machine, offline, and alike in every run. It quotes what is
said about the question's subject; whether that answers the question it cannot tell (`benchmarks/extractive_answers.py`).
"""

import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from operator import mul

from shared.adapters.lexical import overlaps, words
from shared.adapters.sentences import Span, is_closed, sentence_spans
from shared.domain.bot import GenerationSettings
from shared.domain.chunk import Passage
from shared.domain.conversation import TokenUsage
from shared.domain.prompt import Completion, ModelEvent, ModelSpec, Prompt, TextDelta, estimated_tokens
from shared.ports.models import Embedder

_MOST_EXTRACTS = 3
# The citation syntax holds 1000 characters.
_LONGEST_QUOTE = 800
_LEAD_CHARACTERS = 80
_LEAD_WORDS = 4

HEADING = "Extracts from the documents:\n"
NOT_FOUND = "[[not found]]"
QUOTES_ONLY = (
    "I can only quote from a bot's documents, since this environment has no language model of its own: "
    "ask a bot that has documents, or have a chat model configured."
)

_MARKER = re.compile(r"\[\[|\]\]")
# What stands before it is a line of a contents page, which names a subject and says nothing of it.
_LEADER = re.compile(r"\s*(?:\.\s?){3,}")


@dataclass(frozen=True)
class Tuning:
    """The defaults were found on RGB and XQuAD with MiniLM's vectors; `benchmarks/extractive_answers.py --sweep` shows others."""

    overlap_weight: float = 0.6
    answer_score: float = 0.65
    keep_share: float = 0.8


@dataclass(frozen=True)
class Statement:
    """A sentence of a passage, with the heading or question that leads to it; `spans` are theirs in the chunk's text."""

    passage: Passage
    spans: tuple[Span, ...]

    @property
    def quote(self) -> str:
        """Exactly as in the chunk, from the first span to the last; up to a double bracket, which would end the citation."""
        whole = self.passage.chunk.text[self.spans[0][0] : self.spans[-1][1]]
        return max(_MARKER.split(whole), key=len).strip()

    @property
    def text(self) -> str:
        """For the reader: on one line, a lead set off by a colon."""
        parts = [" ".join(self.passage.chunk.text[start:end].split()) for start, end in self.spans]
        leads = [f"{part}:" if part[-1].isalnum() else part for part in parts[:-1]]
        return _MARKER.sub(" ", " ".join((*leads, parts[-1])))


class ExtractiveChatModel:
    """Deterministic; tokens are estimated from bytes."""

    def __init__(self, spec: ModelSpec, embedder: Embedder, tuning: Tuning = Tuning()) -> None:
        self.spec = spec
        self._embedder = embedder
        self._tuning = tuning

    async def stream(self, prompt: Prompt, settings: GenerationSettings) -> AsyncGenerator[ModelEvent, None]:
        """Each extract and its citation as a piece of their own; `temperature` has no meaning here."""
        said = ""
        for piece in await self._pieces(prompt, settings.max_output_tokens):
            said += piece
            yield TextDelta(text=piece)
        asked = [prompt.system, prompt.user, *(message.text for message in prompt.history)]
        usage = TokenUsage(prompt_tokens=sum(map(estimated_tokens, asked)), completion_tokens=estimated_tokens(said))
        yield Completion(usage=usage)

    async def _pieces(self, prompt: Prompt, max_tokens: int) -> list[str]:
        if not prompt.passages:
            return [QUOTES_ONLY]
        extracts = await self._extracts(prompt.search_query, prompt.passages)
        return list(_written(extracts, max_tokens)) if extracts else [NOT_FOUND]

    async def _extracts(self, question: str, passages: Sequence[Passage]) -> list[Statement]:
        """The best statements, best first; none where even the best is about something else."""
        found = [statement for statement in _distinct(passages) if _adds(statement.text, question)]
        scores = await self._scores(question, [statement.text for statement in found])
        order = sorted(range(len(found)), key=lambda position: -scores[position])
        if not order or scores[order[0]] < self._tuning.answer_score:
            return []
        # Relative to the best as well: beside a clear answer, what merely mentions the subject is noise.
        least = max(self._tuning.answer_score, self._tuning.keep_share * scores[order[0]])
        return [found[position] for position in order[:_MOST_EXTRACTS] if scores[position] >= least]

    async def _scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Cosine, plus the weighted share of the question's words: the one knows paraphrases, the other names and numbers."""
        if not texts:
            return []
        [asked] = await self._embedder.embed([question], "query")
        vectors = await self._embedder.embed(texts, "passage")
        shares = overlaps(question, texts)
        weight = self._tuning.overlap_weight
        return [sum(map(mul, asked, vector)) + weight * share for vector, share in zip(vectors, shares, strict=True)]


def _written(extracts: Sequence[Statement], max_tokens: int) -> Iterator[str]:
    """The answer in pieces; extracts after the first stop where they would pass the limit."""
    yield HEADING
    left = max_tokens - estimated_tokens(HEADING)
    for position, extract in enumerate(extracts):
        line, citation = f"\n- {extract.text} ", f"[[{extract.passage.number}|{extract.quote}]]"
        left -= estimated_tokens(line + citation)
        # The first extract is always whole: half a quote would not be found in its chunk.
        if position and left < 0:
            return
        yield line
        yield citation


def _adds(text: str, question: str) -> bool:
    """Whether the text says what the question does not; titles repeat it, and contents pages do so before a row of dots."""
    return not text.endswith(" .") and not words(text) <= words(question)


def _distinct(passages: Sequence[Passage]) -> Iterator[Statement]:
    """The passages' statements; of those that overlapping passages share, the first."""
    seen = set()
    for passage in passages:
        for statement in _statements(passage):
            if statement.text not in seen:
                seen.add(statement.text)
                yield statement


def _statements(passage: Passage) -> Iterator[Statement]:
    """Sentences, each with the leads before it: a heading or a question alone says nothing."""
    text = passage.chunk.text
    spans = [span for span in sentence_spans(text) if not _LEADER.match(text, span[1])]
    leads: list[Span] = []
    for span, following in zip_longest(spans, spans[1:]):
        if following and _leads(text, span, following):
            leads.append(span)
            continue
        first = next((lead for lead in leads if span[1] - lead[0] <= _LONGEST_QUOTE), span)
        yield Statement(passage, (*(lead for lead in leads if lead >= first), span))
        leads = []


def _leads(text: str, span: Span, following: Span) -> bool:
    """Whether the sentence only announces the next: a question, an opening ending in a colon, a few words, or a heading."""
    sentence = text[slice(*span)]
    if sentence[-1] in "?:\u061f\uff1f\uff1a":
        return True
    if len(sentence) > _LEAD_CHARACTERS or is_closed(sentence) or "\n" not in text[span[1] : following[0]]:
        return False
    return len(sentence.split()) < _LEAD_WORDS or is_closed(text[slice(*following)])
