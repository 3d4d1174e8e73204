"""Provider keys are sealed under exactly one thing, and a chat without any of them needs none."""

from collections.abc import Callable, Iterator

import pytest

from shared.adapters.kms_vault import KmsVault
from shared.adapters.local_vault import LocalVault
from shared.core.errors import InternalError
from shared.core.settings import Settings, parse, settings
from shared.ports.models import OwnModels
from shared.ports.vault import Vault
from shared.runtime import wiring
from shared.runtime.deployment import admitted_settings

KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Sets KMS_KEY and KEY_FILE for the test."""

    def configure(kms_key: str, key_file: str) -> None:
        monkeypatch.setenv("KMS_KEY", kms_key)
        monkeypatch.setenv("KEY_FILE", key_file)
        settings.cache_clear()

    yield configure
    settings.cache_clear()


@pytest.mark.parametrize(("kms_key", "key_file", "vault"), [(KEY, "", KmsVault), ("", "keys.json", LocalVault)])
async def test_the_setting_says_which_vault_it_is(configured, kms_key: str, key_file: str, vault: type) -> None:
    configured(kms_key, key_file)

    assert isinstance(wiring.provide(Vault), vault)


@pytest.mark.parametrize(("kms_key", "key_file"), [("", ""), (KEY, "keys.json")])
async def test_neither_and_both_are_refused_by_name(configured, kms_key: str, key_file: str) -> None:
    configured(kms_key, key_file)

    with pytest.raises(InternalError, match="exactly one of KMS_KEY and KEY_FILE"):
        wiring.provide(Vault)


async def test_own_models_are_there_without_a_vault(configured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")  # Where nobody is asked.
    configured("", "")

    assert wiring.provide(OwnModels) is not None


@pytest.mark.parametrize("variable", ["KEY_FILE", "ALLOW_PRIVATE_PROVIDERS", "FIRESTORE_EMULATOR_HOST"])
def test_a_deployed_function_refuses_what_is_for_a_laptop(variable: str) -> None:
    deployed = parse({"K_SERVICE": "chat", variable: "1"})

    with wiring.bound({Settings: deployed}), pytest.raises(InternalError, match=variable):
        admitted_settings()


@pytest.mark.parametrize("wrong", ["k", "projects/p", f"{KEY}/cryptoKeyVersions/1", f"/{KEY}"])
def test_a_key_is_named_in_full_and_without_a_version(wrong: str) -> None:
    with pytest.raises(InternalError, match="KMS_KEY"):
        parse({"KMS_KEY": wrong})
