"""Words of six European languages that carry no subject of their own, and those of them that point back to one."""

import re

_POINTING = """
it its they them their theirs this these those he she him her his hers former latter
er sie es ihn ihm ihr ihre dies diese dieser dieses denen davon damit dazu darin
ils elle elles leur cet cette ces cela ça celui celle
él ella ellos ellas eso esto ese esta estos estas
ele ela eles elas isso isto esse essa
lui lei loro questo questa quello
"""
_FUNCTION = """
a an the and or but of in on at by to for from with as is are was were be been do does did has have had can could will would
should may that there then here one ones such same more what which who whom whose when where why how about me my you your i we
our us please tell say so if than
der die das den dem ein eine einen und oder aber von im in am an auf zu mit für ist sind war waren wie was wer wo wann warum
le la les un une des et ou de du dans sur pour avec est sont était que qui quoi quel quelle quand où comment pourquoi
el los las una unos y o del en por para con es son era qué quién cuál cuándo dónde cómo
os as um uma e do da no na por com são foi quem qual quando onde como
il gli i uno ed di per con è sono che chi quale dove come perché
"""

POINTING = frozenset(_POINTING.split())
"""Articles that are pronouns in another language, and words as common as "that", are left out: every question would lean."""
FUNCTION = frozenset(_FUNCTION.split())
OPENER = re.compile(
    r"(?:and|but|so|then|also|what about|how about|why|how so|und|aber|warum|wieso|et|mais|pourquoi|y|pero|por qué|e|mas|ma"
    r"|perché)\b",
    re.IGNORECASE,
)
