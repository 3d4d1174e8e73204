"""Own prompts: values are put into their places as they are, in one pass, and what is wrong is named."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.core.errors import InvalidArgumentError
from shared.domain.template import MOST_RENDERED, PromptTemplate, SavedPrompt, Variable, VariableType, chosen, places
from tests.contracts.records import NAUGHTY, saved_prompt

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(alphabet=st.one_of(st.sampled_from("{} \tab_1"), st.characters(exclude_categories=["Cs"])), max_size=40)


def template(text: str, *names: str) -> PromptTemplate:
    return PromptTemplate(name="Test", text=text, variables=tuple(Variable(name=name) for name in names))


def test_a_value_stands_where_its_name_stood() -> None:
    greeting = template("{{greeting}}, {{ name }}! {{name}}, {{\tname\t}}.", "greeting", "name")
    assert greeting.render({"greeting": "Hello", "name": "Bob"}) == "Hello, Bob! Bob, Bob."


@pytest.mark.parametrize(
    "text", ["{name}", "{{1a}}", "{{a-b}}", "{{na me}}", "{{\nname}}", "{{}}", "{{a.b}}", "{{name(1)}}", "{{é}}"]
)
def test_other_braces_are_text(text: str) -> None:
    assert template(text, "name").render({"name": "x"}) == text


@given(st.lists(st.tuples(TEXTS, NAMES), max_size=6), TEXTS, st.dictionaries(NAMES, TEXTS, max_size=6))
def test_values_are_inserted_as_they_are_and_open_no_places(
    parts: list[tuple[str, str]], end: str, others: dict[str, str]
) -> None:
    """Whatever the values hold, places included, the text around them stays and they stay whole."""
    values: dict[str, Any] = {
        name: f"{{{{{name}}}}} {{{{ {other} }}}}" for name, other in zip(others, reversed(others), strict=True)
    }
    values |= {name: values.get(name, f"<{{{{{name}}}}}>") for _, name in parts}
    # A brace at a border would make a place of another name, or of the same one, of what was meant as text.
    written = "".join(f"{before.replace('{', '(').replace('}', ')')}{{{{{name}}}}}" for before, name in parts)
    written += end.replace("{", "(").replace("}", ")")
    if not written:
        return

    rendered = template(written, *values).render(values)

    expected = "".join(before.replace("{", "(").replace("}", ")") + values[name] for before, name in parts)
    assert rendered == expected + end.replace("{", "(").replace("}", ")")


@given(TEXTS.filter(bool), TEXTS)
def test_any_text_is_rendered_or_refused_by_the_name_that_it_lacks(text: str, value: str) -> None:
    if missing := places(text) - {"a"}:
        with pytest.raises(ValidationError, match=min(missing)):
            template(text, "a")
    else:
        rendered = template(text, "a").render({"a": value})
        assert rendered.count(value) >= 1 if places(text) else rendered == text


def test_a_long_value_in_very_many_places_is_refused_before_it_is_written_out() -> None:
    bomb = template("{{a}}" * 4000, "a")
    with pytest.raises(InvalidArgumentError) as refused:
        bomb.render({"a": "x" * 20_000})
    assert refused.value.field == "variables"
    assert len(bomb.render({"a": "x" * 1000})) == MOST_RENDERED


@pytest.mark.parametrize("value", NAUGHTY)
def test_odd_texts_pass_byte_for_byte(value: str) -> None:
    rendered = template(f"{value}|{{{{a}}}}|{value}", "a").render({"a": value})
    assert rendered.encode() == f"{value}|{value}|{value}".encode()


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("text", "a\nb", "a\nb"),
        ("number", 1.5, "1.5"),
        ("number", -3, "-3"),
        ("integer", 12, "12"),
        ("boolean", True, "true"),
        ("boolean", False, "false"),
        ("list", ["a", "{{x}}", ""], "a\n{{x}}\n"),
        ("list", [], ""),
        ("object", {"ü": [1, None]}, '{"ü": [1, null]}'),
    ],
)
def test_each_type_is_written_in_its_way(kind: str, value: Any, text: str) -> None:
    prompt = PromptTemplate(name="Test", text="{{x}}", variables=(Variable(name="x", type=VariableType(kind)),))
    assert prompt.render(chosen(prompt.variables, {"x": value})) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 1),
        ("text", ["a"]),
        ("number", "1"),
        ("number", True),
        ("number", float("inf")),
        ("number", 2**53 + 1),
        ("integer", 1.0),
        ("integer", False),
        ("boolean", 0),
        ("boolean", "true"),
        ("choice", "c"),
        ("choice", 1),
        ("list", "a"),
        ("list", [1]),
        ("list", ["a"] * 1001),
        ("list", ["a" * 6, "b" * 5]),
        ("object", []),
        ("object", {"a": "b" * 10}),
        ("text", "x" * 11),
    ],
)
def test_a_value_of_another_type_or_length_is_refused_by_its_variable(kind: str, value: Any) -> None:
    options = ("a", "b") if kind == "choice" else ()
    variable = Variable(name="x", type=VariableType(kind), options=options, max_length=11 if kind == "list" else 10)
    with pytest.raises(InvalidArgumentError) as refused:
        chosen((variable,), {"x": value})
    assert refused.value.field == "variables.x"


def test_what_is_missing_or_unknown_is_named() -> None:
    variables = (Variable(name="needed"), Variable(name="spare", required=False))
    with pytest.raises(InvalidArgumentError, match="needed") as missing:
        chosen(variables, {"spare": "x"})
    with pytest.raises(InvalidArgumentError, match="other") as unknown:
        chosen(variables, {"needed": "x", "other": "y"})
    assert (missing.value.field, unknown.value.field) == ("variables.needed", "variables.other")


def test_a_default_stands_in_and_an_optional_one_without_it_is_nothing() -> None:
    variables = (Variable(name="a", default="A"), Variable(name="b", required=False), Variable(name="c", default="C"))
    values = chosen(variables, {"a": None, "c": "own"})
    assert values == {"a": "A", "b": None, "c": "own"}
    assert PromptTemplate(name="T", text="[{{a}}|{{b}}|{{c}}]", variables=variables).render(values) == "[A||own]"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"text": "{{unknown}}"}, "unknown"),
        ({"text": "x", "variables": [{"name": "a"}, {"name": "a"}]}, "twice"),
        ({"text": "x", "variables": [{"name": "a", "type": "choice"}]}, "options"),
        ({"text": "x", "variables": [{"name": "a", "options": ["b"]}]}, "options"),
        ({"text": "x", "variables": [{"name": "a", "type": "integer", "default": "1"}]}, "default"),
        ({"text": "x", "variables": [{"name": "a", "type": "choice", "options": ["b"], "default": "c"}]}, "default"),
        ({"text": "x", "variables": [{"name": "a-b"}]}, "name"),
        ({"text": "x", "variables": [{"name": f"v{number}"} for number in range(31)]}, "variables"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": ""}, "text"),
        ({"text": "x", "system": "x" * 8001}, "system"),
    ],
)
def test_a_template_that_cannot_be_right_is_refused(fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        PromptTemplate.model_validate_json(json.dumps({"name": "Test", **fields}))


def test_a_stored_template_is_text_in_a_document_and_an_object_on_the_wire() -> None:
    stored = saved_prompt()
    document = stored.model_dump()
    assert isinstance(document["template"], str)
    assert SavedPrompt.stored(document) == stored
    assert stored.model_dump(mode="json")["template"]["text"] == "Greet {{name}}."
