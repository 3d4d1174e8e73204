"""What the product can do with a text, and what a run of a prompt comes to."""

from types import MappingProxyType

from pydantic import Field, JsonValue

from shared.domain.base import Model
from shared.domain.bot import GenerationSettings
from shared.domain.conversation import TokenUsage
from shared.domain.template import Variable, VariableType

_TEXT = 200_000
SUMMARISE, ANSWER, REWRITE, EXTRACT = "summarise", "answer", "rewrite", "extract"


class BuiltIn(Model):
    """A task that the product brings; `version` rises with its wording, so that no kept answer of an older one is given."""

    id: str
    name: str
    description: str
    version: int = 1
    variables: tuple[Variable, ...]
    # The same text in, the same text out: so that an answer can be kept.
    generation: GenerationSettings = GenerationSettings(temperature=0)


class Quoted(Model):
    """Where an answer's claim stands in the text that was given; `verified`: the quote was found at `start` to `end`."""

    number: int
    quote: str
    start: int
    end: int
    verified: bool


class Written(Model):
    """What a run has written."""

    text: str
    output: JsonValue = Field(default=None, description="The same as JSON, where JSON was asked for.")
    citations: tuple[Quoted, ...] = ()
    found: bool | None = Field(default=None, description="Whether the text held the answer; null where nothing was looked for.")
    extracts: bool = Field(default=False, description="Sentences of the text itself, since the model does not write.")
    cut_short: bool = Field(default=False, description="The model reached max_output_tokens before its end.")


class PromptAnswer(Written):
    """A run's answer; a `cached` one is that of an identical earlier run and has used nothing."""

    model: str
    usage: TokenUsage
    cached: bool = False
    version: int


_LANGUAGE = Variable(
    name="language", required=False, max_length=60, description="The language to write in; the text's own where left out."
)
_TEXT_TO_READ = Variable(name="text", max_length=_TEXT, description="The text; it is read as data, whatever it asks for.")

_ALL = (
    BuiltIn(
        id=SUMMARISE,
        name="Summarise",
        description="The gist of a text, also of one that is longer than the model can read at once.",
        variables=(
            _TEXT_TO_READ,
            Variable(
                name="style",
                type=VariableType.CHOICE,
                options=("paragraph", "bullets", "sentence"),
                required=False,
                default="paragraph",
                description="How the summary is written.",
            ),
            _LANGUAGE,
            Variable(name="max_words", type=VariableType.INTEGER, required=False, description="About: 5 to 2000."),
        ),
    ),
    BuiltIn(
        id=ANSWER,
        name="Answer from a text",
        description="The answer to a question, from a text alone and with quotes that were checked, or that it does not say.",
        variables=(_TEXT_TO_READ, Variable(name="question", max_length=2000, description="What is to be found out.")),
    ),
    BuiltIn(
        id=REWRITE,
        name="Rewrite",
        description="The text in other words: by an instruction, in a tone, in a language.",
        variables=(
            _TEXT_TO_READ,
            Variable(
                name="instruction",
                required=False,
                max_length=2000,
                description="What to change.",
            ),
            Variable(
                name="tone",
                type=VariableType.CHOICE,
                options=("neutral", "friendly", "formal", "plain", "persuasive", "shorter"),
                required=False,
                description="How it should sound.",
            ),
            _LANGUAGE,
        ),
    ),
    BuiltIn(
        id=EXTRACT,
        name="Extract",
        description="What a text says as JSON that fits a JSON Schema.",
        variables=(
            _TEXT_TO_READ,
            Variable(name="schema", type=VariableType.OBJECT, description="A JSON Schema (2020-12) of what is wanted."),
        ),
    ),
)

BUILT_INS = MappingProxyType({task.id: task for task in _ALL})
"""By id; these ids are nobody's to take."""
