"""How a bot does: what its owner sees beside its configuration."""

from datetime import timedelta

from pydantic import Field

from shared.domain.base import Model

# All of a busy bot's history would cost a read a thousand turns each time that its owner looks.
FIGURES_DAYS = 30
FIGURES_WINDOW = timedelta(days=FIGURES_DAYS)


class Figures(Model):
    """Of the last FIGURES_DAYS days, everybody's turns included."""

    days: int = FIGURES_DAYS
    turns: int
    rated_up: int
    rated_down: int
    average_latency_ms: int | None = Field(description="From the question to the answer's end; null where no turn has ended.")
