"""The local stack's gateway with one more plan, with room for any number of documents: `python -m benchmarks.roomy_gateway`."""

from local import commands
from shared.domain.plan import FREE, PLANS

PLAN = "roomy"


def main() -> None:
    """Serve until told to end. The plan is of this process alone; no deployed function knows it."""
    stock = FREE.stock.model_copy(update={"documents": 10**6, "bytes": 10**12})
    PLANS[PLAN] = FREE.model_copy(update={"id": PLAN, "stock": stock})
    commands.gateway()


if __name__ == "__main__":
    main()
