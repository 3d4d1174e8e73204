import pytest

from tests.terraform.places import DEV, ROOT

FOLDERS = sorted({path.parent for path in (ROOT / "terraform").glob("*/*/*.tf")})

pytestmark = pytest.mark.timeout(300)  # The checker takes 30 s by itself, and several times that on a busy machine.


@pytest.fixture(scope="module")
def checked(tfcheck, check) -> str:
    """What one run of the checker says of all folders; its servers start once."""
    return check(tfcheck, *[str(folder.relative_to(ROOT)) for folder in FOLDERS]).stdout


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_module_is_formatted_valid_and_keeps_its_promises(folder, checked):
    name = str(folder.relative_to(ROOT))
    steps = ["fmt", "init", "validate", *(["test"] if (folder / "tests").is_dir() else [])]

    assert [step for step in steps if f"ok   {name}: {step}" not in checked.splitlines()] == [], checked


def test_a_missing_zip_names_the_command_that_builds_it(tfcheck_with_underscores, check, packages, tmp_path):
    variables = ["project=synapse-dev", f"packages={tmp_path}", 'allowed_origins=["https://synapse-dev.web.app"]']
    flags = [flag for variable in variables for flag in ("--var", variable)]

    done = check(tfcheck_with_underscores, "--no-fmt", "--plan", *flags, str(DEV))

    assert done.returncode == 1
    assert "run python -m local.package" in " ".join(done.stdout.split())
