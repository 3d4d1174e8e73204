"""A notification service in memory: what each token was told, and what it does next."""

from dataclasses import dataclass, field

from shared.core.errors import SynapseError
from shared.domain.notice import Notice
from shared.ports.notifier import Handed


@dataclass
class MemoryNotifier:
    """`told` holds every notice, repeated ones too; `shown` what a device shows, one of each tag."""

    told: list[tuple[str, Notice]] = field(default_factory=list)
    unregistered: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    errors: list[SynapseError] = field(default_factory=list)

    async def send(self, token: str, notice: Notice) -> Handed:
        if self.errors:
            raise self.errors.pop(0)
        if token in self.unregistered:
            return Handed.UNREGISTERED
        if token in self.refused:
            return Handed.REFUSED
        self.told.append((token, notice))
        return Handed.TAKEN

    def shown(self, token: str) -> list[str]:
        """The tags on the device, oldest first."""
        return list(dict.fromkeys(notice.tag for told, notice in self.told if told == token))
