import os
import shutil
import zipfile
from pathlib import Path

import pytest

from local import package
from local.package import ROOT, PackageError, build, contents
from shared.runtime import catalogue

MAIN = '''"""A function of a test."""

from functions_framework import aio
from starlette.responses import Response


@aio.http
async def say_hello(request: object) -> Response:
    return Response("hello")
'''


@pytest.fixture
def tree(tmp_path) -> Path:
    """A repository of one function."""
    root = tmp_path / "repository"
    for path, text in {
        "functions/__init__.py": "",
        "functions/say_hello/main.py": MAIN,
        "functions/say_hello/function.yaml": "account: bots\n",
        "functions/say_hello/example.json": "{}",
        "functions/other/main.py": "",
        "shared/__init__.py": "",
        "shared/core/words.json": "{}",
        "requirements/base.txt": "functions-framework==3.10.2\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return root


def test_a_zip_holds_the_function_what_is_shared_and_nothing_of_other_functions(tree, tmp_path):
    built = build("say_hello", "base", tmp_path / "out", tree)

    with zipfile.ZipFile(built) as archive:
        assert archive.namelist() == [
            "functions/__init__.py",
            "functions/say_hello/function.yaml",
            "functions/say_hello/main.py",
            "main.py",
            "requirements.txt",
            "shared/__init__.py",
            "shared/core/words.json",
        ]
        assert archive.read("main.py") == b"from functions.say_hello.main import say_hello\n"
        assert archive.read("requirements.txt") == b"functions-framework==3.10.2\n"


def test_the_same_files_make_the_same_bytes_whatever_their_times_modes_and_caches(tree, tmp_path):
    first = build("say_hello", "base", tmp_path / "first", tree).read_bytes()
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy)
    os.utime(copy / "shared" / "core" / "words.json", (1, 1))
    (copy / "shared" / "core" / "words.json").chmod(0o600)
    (copy / "shared" / "__pycache__").mkdir()
    (copy / "shared" / "__pycache__" / "words.cpython-311.pyc").write_bytes(b"bytecode")

    assert build("say_hello", "base", tmp_path / "second", copy).read_bytes() == first


def test_another_byte_makes_another_zip(tree, tmp_path):
    first = build("say_hello", "base", tmp_path / "first", tree).read_bytes()
    (tree / "shared" / "core" / "words.json").write_text("[]", "utf-8")

    assert build("say_hello", "base", tmp_path / "second", tree).read_bytes() != first


def test_a_file_of_an_unknown_kind_is_an_error_rather_than_left_out(tree):
    (tree / "shared" / "core" / "words.csv").write_text("a", "utf-8")

    with pytest.raises(PackageError, match=r"words\.csv: only"):
        contents("say_hello", "base", tree)


def test_a_requirement_set_without_a_lock_is_an_error_that_says_what_to_run(tree):
    with pytest.raises(PackageError, match="has no lock file; run requirements/lock"):
        contents("say_hello", "training", tree)


def test_a_folder_without_an_entry_point_is_an_error(tree):
    (tree / "functions" / "other" / "main.py").unlink()

    with pytest.raises(PackageError, match=r"functions/other/main\.py: missing"):
        contents("other", "base", tree)


def test_the_command_prints_name_size_and_hash(tmp_path, capsys):
    name = catalogue.read_all()[0].name

    assert package.main(["--out", str(tmp_path), name]) == 0

    printed = capsys.readouterr().out.split()
    assert printed[0] == name
    assert int(printed[1]) == (tmp_path / f"{name}.zip").stat().st_size
    assert len(printed[2]) == 64


def test_the_command_says_in_a_sentence_what_is_no_function(tmp_path, capsys):
    assert package.main(["--out", str(tmp_path), "no_such_function"]) == 1
    assert "functions/no_such_function/function.yaml" in capsys.readouterr().err


@pytest.mark.parametrize("needs", sorted(path.stem for path in (ROOT / "requirements").glob("*.in")))
def test_no_deployed_set_holds_a_local_model(needs):
    lock = ROOT / "requirements" / f"{needs}.txt"
    deployed = needs not in {"local", "dev", "benchmarks"}

    assert not deployed or "onnxruntime" not in lock.read_text("utf-8")
