"""Creates topics and push subscriptions from the manifests, with the retry and dead-letter policies that Terraform gives them."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from google.api_core.exceptions import AlreadyExists
from google.cloud import pubsub_v1
from google.pubsub_v1.types import DeadLetterPolicy, PushConfig, RetryPolicy, Subscription

from shared.runtime.catalogue import Manifest

DEAD_LETTERS = "dead-letters"
_ACK_DEADLINE_SECONDS = 600
# The cloud waits 10 s at least; here a person, or a test, is looking on.
_BACKOFF = RetryPolicy(minimum_backoff=timedelta(seconds=1), maximum_backoff=timedelta(seconds=30))


def create(manifests: Iterable[Manifest], project: str, endpoint: Callable[[str], str]) -> None:
    """Create what is missing and point the rest to this gateway; `endpoint` gives a function's push URL by its name."""
    listening = {manifest.topic: manifest for manifest in manifests if manifest.topic}
    with pubsub_v1.SubscriberClient() as subscriber:
        publisher = pubsub_v1.PublisherClient()
        for topic in {*listening, DEAD_LETTERS}:
            _create_topic(publisher, publisher.topic_path(project, topic))
        for manifest in listening.values():
            _subscribe(subscriber, _subscription(manifest, project, endpoint(manifest.name)))
        publisher.stop()


def _create_topic(publisher: pubsub_v1.PublisherClient, topic: str) -> None:
    try:
        publisher.create_topic(name=topic)
    except AlreadyExists:
        return


def _subscription(manifest: Manifest, project: str, endpoint: str) -> Subscription:
    topics = f"projects/{project}/topics"
    dead_letters = DeadLetterPolicy(
        dead_letter_topic=f"{topics}/{DEAD_LETTERS}", max_delivery_attempts=manifest.max_delivery_attempts
    )
    return Subscription(
        name=f"projects/{project}/subscriptions/{manifest.topic}",
        topic=f"{topics}/{manifest.topic}",
        push_config=PushConfig(push_endpoint=endpoint),
        ack_deadline_seconds=_ACK_DEADLINE_SECONDS,
        retry_policy=_BACKOFF,
        # A dead letter that cannot be recorded is delivered again for as long as Pub/Sub keeps it, not sent to itself.
        dead_letter_policy=None if manifest.topic == DEAD_LETTERS else dead_letters,
    )


def _subscribe(subscriber: pubsub_v1.SubscriberClient, subscription: Subscription) -> None:
    try:
        subscriber.create_subscription(request=subscription)
    except AlreadyExists:
        changed = {"paths": ["push_config", "dead_letter_policy"]}
        subscriber.update_subscription(request={"subscription": subscription, "update_mask": changed})
