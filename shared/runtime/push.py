"""Pub/Sub's push body: the envelope around a message, and the bucket's notification inside one."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from shared.core.errors import InvalidArgumentError
from shared.runtime import strict_json
from shared.runtime.call import Delivery

FINALIZED = "OBJECT_FINALIZE"


def read_push(body: bytes) -> Delivery:
    """The delivery; its correlation id is the publisher's, or empty. Raises InvalidArgumentError naming what is malformed.

    https://cloud.google.com/pubsub/docs/push#receive_push
    """
    envelope = strict_json.parse(body)
    message = envelope.get("message") if isinstance(envelope, dict) else None
    if not isinstance(message, dict):
        raise InvalidArgumentError('A push body must be an object {"message": {...}}.', field="message")
    attributes = _attributes(message.get("attributes"))
    return Delivery(
        message_id=_message_id(message),
        subscription=str(envelope.get("subscription", "")),
        attempt=_attempt(envelope.get("deliveryAttempt")),
        attributes=attributes,
        # The bucket's own notification cannot carry one; the document then brings the id of the call that announced it.
        correlation_id=attributes.get("correlation_id", ""),
        body=_text(message.get("data", "")),
    )


def is_finalized(delivery: Delivery, prefix: str) -> bool:
    """Whether the bucket's notification tells of a whole object under the prefix; others may come and mean nothing to us."""
    attributes = delivery.attributes
    return attributes.get("eventType") == FINALIZED and attributes.get("objectId", "").startswith(prefix)


def _message_id(message: Mapping[str, Any]) -> str:
    """The emulator and the service send the id under both names; push wrappers of other makes under one of them."""
    found = message.get("messageId") or message.get("message_id")
    if not isinstance(found, str):
        raise InvalidArgumentError("A message must have a messageId.", field="message.messageId")
    return found


def _attributes(found: Any) -> dict[str, str]:
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise InvalidArgumentError("A message's attributes must be strings.", field="message.attributes")
    return found


def _attempt(found: Any) -> int:
    """Absent without a dead-letter policy, and then every delivery reads as the first."""
    return found if isinstance(found, int) and found > 0 else 1


def _text(found: Any) -> str:
    try:
        return base64.b64decode(found, validate=True).decode("utf-8")
    except (TypeError, binascii.Error, UnicodeDecodeError) as error:
        raise InvalidArgumentError("A message's data must be UTF-8 text in base64.", field="message.data") from error
