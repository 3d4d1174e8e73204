"""What must hold of the planned environment, whatever the modules look like."""

import re

import pytest

from shared.core.settings import EMULATOR_VARIABLES, Settings, parse

PLATFORM = {"K_SERVICE"}  # Set by Cloud Run.

pytestmark = pytest.mark.timeout(300)  # The first test makes the plan, slowly on a busy machine.


def key_of(address: str) -> str:
    """The first key in an address: the function, topic or account that it belongs to."""
    return re.search(r'\["([^"]+)"\]', address).group(1)


def functions(planned) -> dict[str, dict]:
    return {key_of(address): after for address, after in planned("google_cloudfunctions2_function").items()}


def test_every_manifest_becomes_a_function_of_its_name(planned, manifests):
    names = {after["name"] for after in planned("google_cloudfunctions2_function").values()}

    assert names == set(manifests)


def test_a_function_runs_with_what_its_manifest_says(planned, manifests):
    for name, after in functions(planned).items():
        manifest, config = manifests[name], after["service_config"][0]
        got = (config["available_memory"], config["available_cpu"], config["timeout_seconds"])
        assert got == (manifest.memory, manifest.cpu, manifest.timeout_seconds), name
        scale = (config["max_instance_request_concurrency"], config["min_instance_count"], config["max_instance_count"])
        assert scale == (manifest.concurrency, manifest.min_instances, manifest.max_instances), name


def test_the_environment_names_settings_alone_and_never_an_emulator(planned):
    fields = {field.upper() for field in Settings.model_fields} - PLATFORM - set(EMULATOR_VARIABLES)

    for name, after in functions(planned).items():
        config = after["service_config"][0]
        given = set(config["environment_variables"]) | {secret["key"] for secret in config["secret_environment_variables"]}
        assert given - fields == set(), name


def test_the_environment_parses_as_settings(planned):
    for after in functions(planned).values():
        parsed = parse(after["service_config"][0]["environment_variables"])
        assert (parsed.google_cloud_project, parsed.bucket) == ("synapse-dev", "synapse-dev-files")
        assert parsed.app_check == "enforce"


def test_only_functions_that_call_models_see_the_key(planned, manifests):
    for name, after in functions(planned).items():
        keys = [secret["key"] for secret in after["service_config"][0]["secret_environment_variables"]]
        assert keys == (["OPENAI_API_KEY"] if manifests[name].needs in {"ai", "documents"} else []), name


def test_every_function_is_told_the_key_that_is_made(planned):
    [ring], [key] = planned("google_kms_key_ring").values(), planned("google_kms_crypto_key").values()
    name = f"projects/synapse-dev/locations/{ring['location']}/keyRings/{ring['name']}/cryptoKeys/{key['name']}"

    told = {after["service_config"][0]["environment_variables"]["KMS_KEY"] for after in functions(planned).values()}

    assert told == {name}
    assert key["rotation_period"] == f"{90 * 86_400}s"


def test_the_gateways_key_is_made_once_and_told_to_every_function(plan, planned):
    unknown = {
        change["address"]: change["change"]["after_unknown"]["service_config"][0]["environment_variables"]
        for change in plan["resource_changes"]
        if change["type"] == "google_cloudfunctions2_function"
    }

    assert list(planned("terraform_data")) == ["terraform_data.gateway_key"]
    assert unknown
    assert [address for address, variables in unknown.items() if variables != {"GATEWAY_KEY": True}] == []


def test_bytecode_is_marked_by_hash(planned):
    for name, after in functions(planned).items():
        assert after["build_config"][0]["environment_variables"]["SOURCE_DATE_EPOCH"].isdigit(), name


def test_anybody_reaches_callable_functions_and_no_other(planned, manifests):
    bindings = planned("google_cloud_run_service_iam_member")
    public = {key_of(address) for address, after in bindings.items() if after.get("member", "").startswith("all")}

    assert public == {name for name, manifest in manifests.items() if manifest.trigger.http}


def test_a_private_function_refuses_the_internet_and_has_one_caller(planned, manifests):
    bindings = [re.findall(r'\["([^"]+)"\]', address) for address in planned("google_cloud_run_service_iam_member")]
    for name, after in functions(planned).items():
        trigger = manifests[name].trigger
        if not trigger.http:
            assert after["service_config"][0]["ingress_settings"] == "ALLOW_INTERNAL_ONLY", name
            assert [caller for function, caller in bindings if function == name] == ["scheduler" if trigger.schedule else "push"]


@pytest.mark.parametrize(
    "kind", ["google_pubsub_topic_iam_member", "google_storage_bucket_iam_member", "google_project_iam_member"]
)
def test_nothing_but_functions_is_open_to_everybody(planned, kind):
    assert [address for address, after in planned(kind).items() if after.get("member", "").startswith("all")] == []


def test_every_topic_of_a_manifest_has_one_push_subscription_of_its_name(planned, manifests):
    topics = {manifest.topic for manifest in manifests.values() if manifest.topic}

    assert {after["name"] for after in planned("google_pubsub_topic").values()} == topics
    assert {after["name"] for after in planned("google_pubsub_subscription").values()} == topics


def test_every_subscription_retries_explicitly_never_expires_and_gives_up_to_the_dead_letters(planned, manifests):
    attempts = {manifest.topic: manifest.max_delivery_attempts for manifest in manifests.values()}
    for after in planned("google_pubsub_subscription").values():
        name = after["name"]
        assert after["retry_policy"][0]["minimum_backoff"], name
        assert after["expiration_policy"][0]["ttl"] == "", name
        assert [policy["max_delivery_attempts"] for policy in after["dead_letter_policy"]] == (
            [] if name == "dead-letters" else [attempts[name]]
        )


def test_a_delivery_may_take_as_long_as_its_function(planned, manifests):
    timeouts = {manifest.topic: manifest.timeout_seconds for manifest in manifests.values()}
    for after in planned("google_pubsub_subscription").values():
        assert timeouts[after["name"]] <= after["ack_deadline_seconds"] <= 600, after["name"]


def test_every_stage_has_an_alert(planned):
    assert len(planned("google_monitoring_alert_policy")) == len(planned("google_pubsub_subscription"))


def test_uploads_are_announced_and_derived_files_are_not(planned, manifests):
    prefixes = [manifest.trigger.storage for manifest in manifests.values() if manifest.trigger.storage]

    assert [after["object_name_prefix"] for after in planned("google_storage_notification").values()] == prefixes


def test_every_schedule_of_a_manifest_is_a_job(planned, manifests):
    jobs = {after["name"]: after["schedule"] for after in planned("google_cloud_scheduler_job").values()}

    assert jobs == {name.replace("_", "-"): one.trigger.schedule for name, one in manifests.items() if one.trigger.schedule}


def test_every_account_is_used_and_no_key_is_made(planned, manifests):
    accounts = {key_of(address) for address in planned("google_service_account")}

    assert accounts == {manifest.account for manifest in manifests.values()} | {"push", "scheduler", "gateway", "build"}
    assert planned("google_service_account_key") == {}


def test_the_gateway_is_one_and_may_do_nothing(planned):
    assert [after["gateway_id"] for after in planned("google_api_gateway_gateway").values()] == ["rest"]
    assert [address for address in planned("google_project_iam_member") if '"gateway ' in address] == []


def test_only_functions_have_underscores_in_their_names(planned):
    fields = {
        "google_pubsub_topic": "name",
        "google_pubsub_subscription": "name",
        "google_cloud_scheduler_job": "name",
        "google_service_account": "account_id",
        "google_storage_bucket": "name",
    }
    names = [after[field] for kind, field in fields.items() for after in planned(kind).values()]

    assert [name for name in names if "_" in name] == []
