"""Text that speaks to the model that will read it: what documents say when they try to give it orders.

A passage so marked is stored unchanged and found as any other; the prompt names it for what it is, and the owner sees it.
Patterns see wording, not intent: a manual about attacks is marked as well, and an order in plain words ("Explain this.") is not.
`benchmarks/orders.py` counts both. The passages of the prompt are data in any case; nothing is safe for want of a mark.
"""

import re
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from shared.domain.chunk import ChunkFlag


def _any_of(words: str) -> str:
    return f"(?:{words.replace(' ', '|')})"


_ANSWER = r"(?:response|reply|answer|output|message|explanation|implementation|elucidation)s?"
_WORDS = r"(?:[^\w.!?:;]+\w+)"  # Of one sentence.
_SAID = "respond reply answer output print say repeat return write type"
_SAYING = _any_of(_SAID)
_FORGET_RUSSIAN = (
    "\u0438\u0433\u043d\u043e\u0440\u0438\u0440\u0443\u0439 \u0438\u0433\u043d\u043e\u0440\u0438\u0440\u0443\u0439\u0442\u0435 "
    "\u043f\u0440\u043e\u0438\u0433\u043d\u043e\u0440\u0438\u0440\u0443\u0439 "
    "\u043f\u0440\u043e\u0438\u0433\u043d\u043e\u0440\u0438\u0440\u0443\u0439\u0442\u0435 "
    "\u0437\u0430\u0431\u0443\u0434\u044c \u0437\u0430\u0431\u0443\u0434\u044c\u0442\u0435"
)
_FORGET_ARABIC = (
    "\u062a\u062c\u0627\u0647\u0644 \u062a\u062c\u0627\u0647\u0644\u064a "
    "\u062a\u062c\u0627\u0647\u0644\u0648\u0627 \u0627\u0646\u0633"
)

# Before each pattern are words of which every match holds one, none where it is quick without.
_ANYWHERE = (
    # What was asked before is to be forgotten.
    (
        "ignore disregard forget override bypass discard neglect",
        (
            rf"\b(?:ignore|disregard|forget|override|bypass|discard|neglect)\b{_WORDS}{{0,4}}?[^\w.!?:;]+"
            r"(?:instructions?|directions?|directives?|prompts?|guidelines|commands?|orders|rules)\b"
        ),
    ),
    (
        "ignore disregard forget",
        (
            r"\b(?:ignore|disregard|forget)\s+(?:(?:all|any|every|of|the|text|input|info|information|that|is|was|written)\s+){0,4}"
            r"(?:above|below|before\s+this|after\s+this|previous(?:ly)?|prior|preceding|everything|negative\s+indicators|rest\s+of\s+this)\b"
        ),
    ),
    (
        "instructions directives prompt",
        r"\b(?:new|updated|real|actual|secret|end\s+of|out\s+of\s+date|distractor)\s+(?:system\s+)?(?:instructions|directives|prompt)\b",
    ),
    (
        "ignorier ignoriere vergiss missachte",
        rf"\b(?:ignoriere?|vergiss|missachte)\b{_WORDS}{{0,4}}?[^\w.!?:;]+(?:anweisung|instruktion|vorgabe|regel|befehl)",
    ),
    (
        "ignore ignorez ignorer oublie oubliez oublier ignora olvida dimentica",
        rf"\b(?:ignore[zr]?|oublie[zr]?|ignora|olvida|dimentica)\b{_WORDS}{{0,4}}?[^\w.!?:;]+(?:instruc|consigne|directive|istruzion|instru\u00e7)",
    ),
    ("", "(?:\u5ffd\u7565|\u65e0\u89c6|\u5fd8\u8bb0|\u7121\u8996).{0,12}(?:\u6307\u4ee4|\u6307\u793a|\u63d0\u793a|\u8bf4\u660e)"),
    # The same in Russian, Arabic, Japanese and Korean; the last two say what is meant before they say what to do with it.
    (
        _FORGET_RUSSIAN,
        rf"\b{_any_of(_FORGET_RUSSIAN)}{_WORDS}{{0,4}}?[^\w.!?:;]+(?:\u0438\u043d\u0441\u0442\u0440\u0443\u043a\u0446\u0438|\u0443\u043a\u0430\u0437\u0430\u043d\u0438|\u043a\u043e\u043c\u0430\u043d\u0434|\u043f\u0440\u0430\u0432\u0438\u043b)",
    ),
    (
        _FORGET_ARABIC,
        rf"\b{_any_of(_FORGET_ARABIC)}{_WORDS}{{0,3}}?[^\w.!?:;]+(?:\u0627\u0644)?(?:\u062a\u0639\u0644\u064a\u0645\u0627\u062a|\u0623\u0648\u0627\u0645\u0631|\u062a\u0648\u062c\u064a\u0647\u0627\u062a|\u0625\u0631\u0634\u0627\u062f\u0627\u062a)",
    ),
    (
        "",
        (
            "(?:\u3053\u308c\u307e\u3067|\u4ee5\u524d|\u4e0a\u8a18|\u3059\u3079\u3066|\u5168\u3066)[^\u3002\n]{0,10}(?:\u6307\u793a|\u547d\u4ee4|\u6307\u4ee4|\u30d7\u30ed\u30f3\u30d7\u30c8)"
            "[^\u3002\n]{0,8}(?:\u7121\u8996(?:\u3057\u3066(?!\u3044|\u3057\u307e|\u304d)|\u3057\u308d|\u305b\u3088|\u3057\u306a\u3055\u3044|\u3059\u308b\u3053\u3068)|\u5fd8\u308c(?:\u3066(?!\u3044|\u3057\u307e|\u304d)|\u308d|\u306a\u3055\u3044))"
        ),
    ),
    (
        "",
        (
            "(?:\uc774\uc804|\ubaa8\ub4e0|\uc704\uc758|\uc9c0\uae08\uae4c\uc9c0)[^.\n]{0,12}(?:\uc9c0\uc2dc|\uba85\ub839|\uc9c0\uce68|\ud504\ub86c\ud504\ud2b8)"
            "[^.\n]{0,8}(?:\ubb34\uc2dc(?:\ud558\uace0|\ud558\uc138\uc694|\ud558\uc2ed\uc2dc\uc624|\ud558\uc2dc\uc624|\ud558\ub77c|\ud574\ub77c|\ud574(?=[\\s.!]|$))|\uc78a(?:\uc5b4(?=[\\s.!\ub77c]|$)|\uc73c[\uc138\uc2ed]|\uace0))"
        ),
    ),
    # It is told who it is, or that it is meant.
    (
        "now act pretend",
        r"\b(?:you\s+are\s+now|from\s+now\s+on,?\s+you|act\s+as\s+if\s+you|pretend\s+(?:that\s+)?you(?:\s+are|'re)|you\s+will\s+now)\b",
    ),
    (
        "ai artificial chat chatbot language llm sentient",
        r"\byou\s+are\s+(?:an?\s+)?(?:\w+\s+)?(?:ai|artificial\s+intelligence|chat\s?bot|language\s+model|llm|sentient\s+\w+)\b",
    ),
    (
        "automated ai llm llms language chat chatbot chatbots",
        r"\b(?:note|message|instructions?|attention)\s+(?:to|for)\s+(?:the\s+|all\s+|any\s+)?(?:automated|ai|llms?|language\s+models?|chat\s?bots?)\b",
    ),
    (
        "visible readable profile metadata",
        r"\b(?:visible|readable|profile|metadata)\s+(?:only\s+)?(?:to|for)\s+(?:automated|ai|llms?|language\s+models?)\b",
    ),
    ("ask asks asked", r"\bif\s+(?:the\s+)?(?:user|you\s+are)\s+(?:asks?|asked)\b"),
    # The marks of a conversation that a document does not hold.
    (
        "",
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext)\|>|\[/?(?:inst|system)\]|<</?sys>>|<\s*end\s+of\s+(?:session|prompt|text)\s*>",
    ),
    (
        "assistant ai system",
        (
            r"(?:^|[.\n>])[ \t]{0,4}(?:assistant|ai)\s?:.{0,300}?\n[ \t]{0,4}(?:user|human)\s?:"
            r"|(?:^|\n)[ \t#*>=-]{0,8}system(?:\s(?:prompt|message|note|override))?\s?:"
        ),
    ),
    ("input prompt message", r"\b(?:begin|end)\s+(?:user|system|untrusted)\s+(?:input|prompt|message)\b"),
    # It is told what to answer.
    (_SAID, rf"\b(?:only|just|simply|always|instead,?|must)\s+{_SAYING}\b(?:\s+with)?[\s:]*[\"'\u201c\u2018`<]"),
    (_SAID, rf"\byou\s+(?:will|should|shall|must)\s+{_SAYING}\b(?:\s+with)?[\s:,]*[\"'\u201c\u2018`<]"),
    # Code that it is to hand on.
    (
        "code",
        (
            r"\b(?:following|subsequent|below)\s+code\s+(?:snippet|block|excerpt|section|segment)\b[^.\n]{0,120}?"
            r"\byour\s+(?:code|codebase|solution|algorithm|implementation|response|answer)\b"
        ),
    ),
    (
        "code",
        (
            r"\byour\s+(?:code|codebase|solution|algorithm|implementation)\b[^.\n]{0,120}?"
            r"\b(?:following|subsequent)\s+code\s+(?:snippet|block|excerpt|section|segment)\b"
        ),
    ),
    # It is asked for what it was told.
    (
        "reveal print repeat show output leak disclose tell give",
        (
            r"\b(?:reveal|print|repeat|show|output|leak|disclose|tell\s+me|give\s+(?:me|away))\b(?:[^\w.!?:;]+\w+){0,3}?[^\w.!?:;]+"
            r"(?:system\s+prompt|(?:your|initial|hidden|secret)\s+(?:\w+\s+)?(?:instructions|prompt|rules)|access\s+code|secret\s+(?:key|code))\b"
        ),
    ),
)
_IMPERATIVES = (
    # It is told what to answer, and what to do with the answer.
    (_SAID, rf"{_SAYING}\s+(?:back\s+)?(?:with\s+)?(?:only|just|exactly|nothing\s+but|verbatim)\b"),
    (
        _SAID,
        rf"(?:{_SAYING}\s+(?:with|the\s+(?:words?|phrase|following|text|sentence))|say|print|output)[\s:,]*[\"'\u201c\u2018`<]",
    ),
    (
        "you your",
        (
            rf"(?:start|begin|end|finish|prefix|precede|provide|render|modify|enhance|alter|adjust|craft|write|format)\s+your?\s+"
            rf"{_ANSWER}\b"
        ),
    ),
    ("your", rf"in\s+your\s+{_ANSWER}\b[^.\n]{{0,12}}\b(?:suggest|include|add|mention|recommend|tell|ask|encourage)"),
    (
        "your",
        (
            rf"(?:add|append|attach|include|insert|incorporate|integrate|introduce|embed|mention|replace|remove|rearrange|jumble|scramble|shuffle|combine|convert|"
            rf"encode|encrypt|translate|use|utili[sz]e|leverage|make|put|place|provide|offer|ensure|do\s+not\s+include)\b(?:[^.\n]|\.(?=\w)){{0,160}}?"
            rf"\b(?:in|into|to|of|from|with|within|throughout|for)\s+your\s+(?:\w+\s+)?{_ANSWER}\b"
        ),
    ),
)
_OPENS = re.compile(r"(?:^|[.!?:;>\]\n*#\"'\u201c,]|\band\b|\bplease\b|\bmust\b|\bto\b|\byou\b|\bnow\b)[\s\"'\u201c*]{0,6}\Z")
_BEFORE = 16  # Characters: the longest of these words, and what may lie between.
_WORD = re.compile(r"\w+")


class _Order(NamedTuple):
    cues: frozenset[str]
    pattern: re.Pattern[str]

    def may_be_among(self, words: AbstractSet[str]) -> bool:
        """Whether it is worth a search, which takes twenty times as long as this."""
        return not self.cues or not self.cues.isdisjoint(words)


_ANYWHERE_ORDERS = [_Order(frozenset(cues.split()), re.compile(pattern)) for cues, pattern in _ANYWHERE]
_OPENED_ORDERS = [_Order(frozenset(cues.split()), re.compile(rf"\b{pattern}")) for cues, pattern in _IMPERATIVES]


def flags_of(text: str) -> tuple[ChunkFlag, ...]:
    """What a reader of the passage should know of it."""
    # Lowered once: patterns that ignore case are half as fast again.
    lowered = text.lower()
    words = set(_WORD.findall(lowered))
    likely = (order.pattern for order in _ANYWHERE_ORDERS if order.may_be_among(words))
    is_order = any(pattern.search(lowered) for pattern in likely) or _is_told(lowered, words)
    return (ChunkFlag.INSTRUCTIONS,) if is_order else ()


def _is_told(lowered: str, words: AbstractSet[str]) -> bool:
    """Whether an imperative stands where a sentence opens; that is looked at second, since sentences open everywhere."""
    likely = (order.pattern for order in _OPENED_ORDERS if order.may_be_among(words))
    found = (match.start() for pattern in likely for match in pattern.finditer(lowered))
    return any(_OPENS.search(lowered, max(0, start - _BEFORE), start) for start in found)
