"""The contract as it is now, and what checks values against it."""

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from local.contract.document import document
from local.contract.functions import read_functions
from local.contract.schemas import Schema, Schemas


class Contract:
    """The document with its operations by function."""

    def __init__(self) -> None:
        entries = read_functions()
        self.document = document(entries, Schemas(entries))
        self.operations = {one["operationId"]: one for item in self.document["paths"].values() for one in item.values()}

    def response(self, name: str, status: int) -> Schema:
        """What the function's operation says of a status."""
        described = self.operations[name]["responses"][str(status)]
        reference = described.get("$ref")
        return self.document["components"]["responses"][reference.rpartition("/")[2]] if reference else described

    def problems(self, schema: Schema, value: object) -> list[str]:
        """What is wrong with the value, by the schema."""
        whole = {**schema, "components": self.document["components"]}
        checker = Draft202012Validator(whole, format_checker=FormatChecker())
        return [f"{list(problem.absolute_path)}: {problem.message}" for problem in checker.iter_errors(value)]


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract()
