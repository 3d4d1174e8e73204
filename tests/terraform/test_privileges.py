"""Each account may do what its functions' ports need, and nothing more."""

import dataclasses
import importlib
import re
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest

from shared.ports.blobs import Blobs
from shared.ports.ceiling import Ceiling
from shared.ports.contents import Contents
from shared.ports.deletions import Deletions, Remains
from shared.ports.identity import Accounts, Directory
from shared.ports.ledger import Holds, Ledger, Receipts
from shared.ports.log import Log
from shared.ports.meter import Meter
from shared.ports.models import ChatModels, Embedder, EmbeddingCache, OwnModels, VectorIndex
from shared.ports.notifier import Notifier
from shared.ports.queue import Queue
from shared.ports.rates import Rates
from shared.ports.store import Bots, Chunks, DeadLetters, Documents, Turns
from shared.ports.usage import Usage
from shared.ports.vault import ProviderKeys, Vault
from shared.ports.vision import Vision
from shared.runtime.catalogue import Manifest

DATABASE = {
    Accounts,
    Bots,
    Ceiling,
    Chunks,
    Contents,
    DeadLetters,
    Deletions,
    Documents,
    EmbeddingCache,
    Holds,
    Ledger,
    Log,
    Meter,
    ProviderKeys,
    Rates,
    Receipts,
    Remains,
    Turns,
    Usage,
    VectorIndex,
}

pytestmark = pytest.mark.timeout(300)  # The first test makes the plan, slowly on a busy machine.


def ports_of(annotation: Any) -> Iterator[Any]:
    """The port, or the ports that a bundle of them holds."""
    if not dataclasses.is_dataclass(annotation):
        yield annotation
        return
    for field in get_type_hints(annotation).values():
        yield from ports_of(field)


def needs_of(manifest: Manifest) -> set[Any]:
    entry = getattr(importlib.import_module(f"functions.{manifest.name}.main"), manifest.name)
    declared = {port for annotation in entry.contract.ports.values() for port in ports_of(annotation)}
    counts = manifest.trigger.http is not None and manifest.trigger.http.calls_per_hour is not None
    return declared | ({Receipts} if manifest.idempotent else set()) | ({Rates} if counts else set())


@pytest.fixture(scope="module")
def accounts_needing(manifests):
    """The accounts of the functions that declare one of the ports."""

    def of(ports: set[Any]) -> set[str]:
        return {manifest.account for manifest in manifests.values() if needs_of(manifest) & ports}

    return of


def keys(planned, kind: str, pattern: str) -> set[str]:
    found = [re.search(pattern, address) for address in planned(kind)]
    return {match.group(1) for match in found if match}


def test_the_database_is_open_to_accounts_that_store_there(planned, accounts_needing):
    assert keys(planned, "google_project_iam_member", r'"(\w+) roles/datastore\.user"') == accounts_needing(DATABASE)


def test_models_answer_accounts_that_ask_them(planned, accounts_needing):
    asking = accounts_needing({ChatModels, Embedder, Vision})
    assert keys(planned, "google_project_iam_member", r'model_caller\["(\w+)"') == asking


def test_sessions_are_made_and_ended_by_accounts_that_ask_the_directory(planned, accounts_needing):
    assert keys(planned, "google_project_iam_member", r'session_keeper\["(\w+)"') == accounts_needing({Directory})


def test_devices_are_told_by_accounts_that_notify(planned, accounts_needing):
    pattern = r'"(\w+) roles/firebasecloudmessaging\.admin"'
    assert keys(planned, "google_project_iam_member", pattern) == accounts_needing({Notifier})


def test_files_are_open_to_accounts_that_keep_them(planned, accounts_needing):
    assert keys(planned, "google_storage_bucket_iam_member", r'files\["(\w+)"') == accounts_needing({Blobs})


def test_provider_keys_are_sealed_by_accounts_that_save_them_and_opened_by_those_that_use_them(planned, accounts_needing):
    assert keys(planned, "google_kms_crypto_key_iam_member", r'sealer\["(\w+)"') == accounts_needing({Vault})
    assert keys(planned, "google_kms_crypto_key_iam_member", r'opener\["(\w+)"') == accounts_needing({OwnModels})


def test_accounts_that_queue_may_publish_to_every_stage(planned, accounts_needing, manifests):
    stages = {manifest.topic for manifest in manifests.values() if manifest.trigger.topic} - {"dead-letters"}
    expected = {f'module.stages["{stage}"].publisher["{account}"]' for stage in stages for account in accounts_needing({Queue})}
    found = {address.replace("google_pubsub_topic_iam_member.", "") for address in planned("google_pubsub_topic_iam_member")}

    assert {address for address in found if "storage" not in address and "pubsub" not in address} == expected


def test_no_other_role_is_given(planned):
    roles = keys(planned, "google_project_iam_member", r'"\w+ (roles/[\w.]+)"')

    database, push = "roles/datastore.user", "roles/firebasecloudmessaging.admin"
    assert roles == {database, push, "roles/logging.logWriter", "roles/artifactregistry.writer"}
