"""Identity in memory: a token is whatever the test says it is, and every other one is refused."""

from dataclasses import dataclass, field

from shared.core.errors import UnauthenticatedError
from shared.ports.identity import Caller

ALICE = Caller(uid="alice", email="alice@example.com")
BOB = Caller(uid="bob", email="bob@example.com")
ADMIN = Caller(uid="root", email="root@example.com", is_admin=True)


@dataclass
class MemoryIdentity:
    """Tokens of people and of apps; a revoked one is refused only where revocation is checked, as with Firebase."""

    callers: dict[str, Caller] = field(default_factory=lambda: {caller.uid: caller for caller in (ALICE, BOB, ADMIN)})
    revoked: set[str] = field(default_factory=set)
    apps: dict[str, str] = field(default_factory=lambda: {"app-token": "page"})

    async def verify(self, token: str, *, check_revoked: bool = False) -> Caller:
        if token not in self.callers or (check_revoked and token in self.revoked):
            raise UnauthenticatedError("The token in Authorization is invalid, expired or revoked.", field="Authorization")
        return self.callers[token]

    async def verify_app(self, token: str) -> str:
        if token not in self.apps:
            message = "The token in X-Firebase-AppCheck is invalid, expired or revoked."
            raise UnauthenticatedError(message, field="X-Firebase-AppCheck")
        return self.apps[token]
