"""The emulators answer through the real client libraries, and the bucket announces uploads."""

import json
import os

from google.cloud import firestore, pubsub_v1, storage

from local.emulators import UPLOAD_TOPIC
from shared.core.ids import new_id


def test_a_document_written_through_the_sdk_is_read_back(emulators):
    document = firestore.Client().document(f"probes/{new_id()}")
    document.set({"text": "kept"})
    assert document.get().to_dict() == {"text": "kept"}


def test_projects_are_kept_apart(fresh_project, emulators):
    path = f"probes/{new_id()}"
    firestore.Client(project=emulators["GOOGLE_CLOUD_PROJECT"]).document(path).set({"text": "theirs"})
    assert not firestore.Client(project=fresh_project).document(path).get().exists


def test_only_uploads_are_announced(emulators):
    topic = pubsub_v1.PublisherClient.topic_path(emulators["GOOGLE_CLOUD_PROJECT"], UPLOAD_TOPIC)
    with pubsub_v1.SubscriberClient() as subscriber:
        subscription = subscriber.subscription_path(emulators["GOOGLE_CLOUD_PROJECT"], f"probe-{new_id()}")
        subscriber.create_subscription(name=subscription, topic=topic)
        bucket = storage.Client().bucket(emulators["BUCKET"])
        for name in ("derived/other.json", "uploads/announced"):
            bucket.blob(name).upload_from_string(b"text")
        received = subscriber.pull(subscription=subscription, max_messages=10, timeout=20).received_messages
        subscriber.delete_subscription(subscription=subscription)
    assert [json.loads(each.message.data)["name"] for each in received] == ["uploads/announced"]


def test_the_environment_of_the_session_is_that_of_the_emulators(emulators):
    assert {name: os.environ[name] for name in emulators} == dict(emulators)
