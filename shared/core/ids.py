"""Ids are random where a person could guess, and derived where a retry must find the same one."""

import hashlib
import re
import secrets

# Without 0, 1, i, l and o, which people confuse when they read an id to somebody, and in one case, since some tools fold it.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_ID = re.compile(r"(?!__.*__\Z)[A-Za-z0-9_-]{1,128}")


def new_id() -> str:
    """A random id of 20 characters (99 bits) that is safe in paths, URLs and object names."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(20))


def derived_id(*parts: str) -> str:
    """An id of 32 characters that the same parts give again: for what a repeated call must find instead of making it twice."""
    return digest(*parts)[:32]


def new_turn_id(conversation_id: str, unique: str | None = None) -> str:
    """A turn's id, from which its conversation can be told, so that a turn is found by its id alone with one read."""
    return f"{conversation_id}-{unique or new_id()}"


def conversation_of(turn_id: str) -> str:
    """The conversation of a turn; an empty text for an id that names none."""
    return turn_id.rpartition("-")[0]


def own_part(turn_id: str) -> str:
    """What a turn's id has beside its conversation's."""
    return turn_id.rpartition("-")[2]


def is_id(text: str) -> bool:
    """Whether the text may stand in a Firestore path or an object name: no slash, dot or space, and not `__…__`, which
    Firestore reserves.
    """
    return _ID.fullmatch(text) is not None


def chunk_id(document_id: str, generation: int, ordinal: int) -> str:
    """The chunk's id, the same in every run; the ordinal is padded so that ids sort in reading order."""
    return f"{document_id}-{generation}-{ordinal:06d}"


def digest(*parts: str) -> str:
    """A SHA-256 in hex over the parts, each preceded by its length so that no two lists of parts collide."""
    joined = "".join(f"{len(part)}:{part}" for part in parts)
    # Text that cannot be encoded is digested as it stands: raising here would refuse what every other layer can hold.
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


def embedding_key(model: str, dimension: int, kind: str, text: str) -> str:
    """The key of the pay-once embedding cache: `kind` is there since models embed queries and passages differently."""
    return digest(model, str(dimension), kind, text)
