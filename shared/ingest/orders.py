"""Text that speaks to the model that will read it: what documents say when they try to give it orders.

A passage so marked is stored unchanged and found as any other; the prompt names it for what it is, and the owner sees it.
Patterns see wording, not intent: a manual about attacks is marked as well, and an order in plain words ("Explain this.") is not.
`benchmarks/orders.py` counts both. The passages of the prompt are data in any case; nothing is safe for want of a mark.
"""

import re

from shared.domain.chunk import ChunkFlag

_OPENING = r"(?:^|[.!?:;>\]\n*#\"'\u201c,]|\band\b|\bplease\b|\bmust\b|\bto\b|\byou\b|\bnow\b)[\s\"'\u201c*]{0,6}"
_ANSWER = r"(?:response|reply|answer|output|message|explanation|implementation|elucidation)s?"
_WORDS = r"(?:[^\w.!?:;]+\w+)"  # Of one sentence.
_SAYING = r"(?:respond|reply|answer|output|print|say|repeat|return|write|type)"

_PATTERNS = (
    # What was asked before is to be forgotten.
    (
        rf"\b(?:ignore|disregard|forget|override|bypass|discard|neglect)\b{_WORDS}{{0,4}}?[^\w.!?:;]+"
        r"(?:instructions?|directions?|directives?|prompts?|guidelines|commands?|orders|rules)\b"
    ),
    (
        r"\b(?:ignore|disregard|forget)\s+(?:(?:all|any|every|of|the|text|input|info|information|that|is|was|written)\s+){0,4}"
        r"(?:above|below|before\s+this|after\s+this|previous(?:ly)?|prior|preceding|everything|negative\s+indicators|rest\s+of\s+this)\b"
    ),
    r"\b(?:new|updated|real|actual|secret|end\s+of|out\s+of\s+date|distractor)\s+(?:system\s+)?(?:instructions|directives|prompt)\b",
    rf"\b(?:ignoriere?|vergiss|missachte)\b{_WORDS}{{0,4}}?[^\w.!?:;]+(?:anweisung|instruktion|vorgabe|regel|befehl)",
    rf"\b(?:ignore[zr]?|oublie[zr]?|ignora|olvida|dimentica)\b{_WORDS}{{0,4}}?[^\w.!?:;]+(?:instruc|consigne|directive|istruzion|instru\u00e7)",
    "(?:\u5ffd\u7565|\u65e0\u89c6|\u5fd8\u8bb0|\u7121\u8996).{0,12}(?:\u6307\u4ee4|\u6307\u793a|\u63d0\u793a|\u8bf4\u660e)",
    # It is told who it is, or that it is meant.
    r"\b(?:you\s+are\s+now|from\s+now\s+on,?\s+you|act\s+as\s+if\s+you|pretend\s+(?:that\s+)?you(?:\s+are|'re)|you\s+will\s+now)\b",
    r"\byou\s+are\s+(?:an?\s+)?(?:\w+\s+)?(?:ai|artificial\s+intelligence|chat\s?bot|language\s+model|llm|sentient\s+\w+)\b",
    r"\b(?:note|message|instructions?|attention)\s+(?:to|for)\s+(?:the\s+|all\s+|any\s+)?(?:automated|ai|llms?|language\s+models?|chat\s?bots?)\b",
    r"\b(?:visible|readable|profile|metadata)\s+(?:only\s+)?(?:to|for)\s+(?:automated|ai|llms?|language\s+models?)\b",
    r"\bif\s+(?:the\s+)?(?:user|you\s+are)\s+(?:asks?|asked)\b",
    # The marks of a conversation that a document does not hold.
    r"<\|(?:im_start|im_end|system|user|assistant|endoftext)\|>|\[/?(?:inst|system)\]|<</?sys>>|<\s*end\s+of\s+(?:session|prompt|text)\s*>",
    (
        r"(?:^|[.\n>])[ \t]{0,4}(?:assistant|ai)\s?:.{0,300}?\n[ \t]{0,4}(?:user|human)\s?:"
        r"|(?:^|\n)[ \t#*>=-]{0,8}system(?:\s(?:prompt|message|note|override))?\s?:"
    ),
    r"\b(?:begin|end)\s+(?:user|system|untrusted)\s+(?:input|prompt|message)\b",
    # It is told what to answer.
    rf"{_OPENING}{_SAYING}\s+(?:back\s+)?(?:with\s+)?(?:only|just|exactly|nothing\s+but|verbatim)\b",
    rf"\b(?:only|just|simply|always|instead,?|must)\s+{_SAYING}\b(?:\s+with)?[\s:]*[\"'\u201c\u2018`<]",
    rf"{_OPENING}(?:{_SAYING}\s*(?:with|the\s+(?:words?|phrase|following|text|sentence))|say|print|output)[\s:,]*[\"'\u201c\u2018`<]",
    rf"\byou\s+(?:will|should|shall|must)\s+{_SAYING}\b(?:\s+with)?[\s:,]*[\"'\u201c\u2018`<]",
    (
        rf"{_OPENING}(?:start|begin|end|finish|prefix|precede|provide|render|modify|enhance|alter|adjust|craft|write|format)\s+your?\s+"
        rf"{_ANSWER}\b"
    ),
    rf"{_OPENING}in\s+your\s+{_ANSWER}\b[^.\n]{{0,12}}\b(?:suggest|include|add|mention|recommend|tell|ask|encourage)",
    # Code that it is to hand on.
    (
        r"\b(?:following|subsequent|below)\s+code\s+(?:snippet|block|excerpt|section|segment)\b[^.\n]{0,120}?"
        r"\byour\s+(?:code|codebase|solution|algorithm|implementation|response|answer)\b"
    ),
    (
        r"\byour\s+(?:code|codebase|solution|algorithm|implementation)\b[^.\n]{0,120}?"
        r"\b(?:following|subsequent)\s+code\s+(?:snippet|block|excerpt|section|segment)\b"
    ),
    (
        rf"{_OPENING}(?:add|append|attach|include|insert|incorporate|integrate|introduce|embed|mention|replace|remove|rearrange|jumble|scramble|shuffle|combine|convert|"
        rf"encode|encrypt|translate|use|utili[sz]e|leverage|make|put|place|provide|offer|ensure|do\s+not\s+include)\b(?:[^.\n]|\.(?=\w)){{0,160}}?"
        rf"\b(?:in|into|to|of|from|with|within|throughout|for)\s+your\s+(?:\w+\s+)?{_ANSWER}\b"
    ),
    # It is asked for what it was told.
    (
        r"\b(?:reveal|print|repeat|show|output|leak|disclose|tell\s+me|give\s+(?:me|away))\b(?:[^\w.!?:;]+\w+){0,3}?[^\w.!?:;]+"
        r"(?:system\s+prompt|(?:your|initial|hidden|secret)\s+(?:\w+\s+)?(?:instructions|prompt|rules)|access\s+code|secret\s+(?:key|code))\b"
    ),
)
_ORDERS = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE)


def flags_of(text: str) -> tuple[ChunkFlag, ...]:
    """What a reader of the passage should know of it."""
    return (ChunkFlag.INSTRUCTIONS,) if _ORDERS.search(text) else ()
