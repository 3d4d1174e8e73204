"""Who is calling, and whether that is enough for the function; a token that is sent must be right, wherever it is sent."""

import ipaddress

from starlette.requests import Request

from shared.core.errors import PermissionDeniedError, UnauthenticatedError
from shared.core.settings import Settings
from shared.ports.identity import Caller, Identity
from shared.runtime import gateway, wiring
from shared.runtime.catalogue import HttpTrigger


async def identify(request: Request, trigger: HttpTrigger, settings: Settings) -> Caller | None:
    """The verified caller, or None for a call without a token of a public function.

    Raises UnauthenticatedError without a valid token, PermissionDeniedError for one that is no administrator's.
    """
    # Apps are checked first: what is no app of ours should cost no look at a person's token.
    if trigger.app_check and settings.app_check == "enforce":
        await _verify_app(request)
    token = _bearer(request)
    if token is None:
        if trigger.access == "public":
            return None
        raise UnauthenticatedError("Sign in: send 'Authorization: Bearer <token>'.", field="Authorization")
    # A wrong token is refused even where none is needed: a page that believes itself signed in must learn that it is not. Only
    # administrators pay the request that asks for revocation; other tokens end by themselves within the hour.
    caller = await _identity().verify(token, check_revoked=trigger.access == "admin")
    if trigger.access == "admin" and not caller.is_admin:
        raise PermissionDeniedError("Only an administrator may do this.")
    return caller


def client_ip(request: Request, settings: Settings) -> str:
    """The caller's address: in the cloud the last one of X-Forwarded-For, which Google's front end added, or the one before it
    where that is API Gateway's; elsewhere the connection's.
    """
    forwarded = request.headers.get("x-forwarded-for", "") if settings.in_cloud() else ""
    # Counted from the end: an entry that the client wrote would let it choose its own bucket.
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    if len(hops) > 1 and gateway.has_handed_on(request, settings):
        # The front end before the gateway has added the caller's; where that was not handed on, the gateway's must do.
        return hops[-2]
    if hops:
        return hops[-1]
    return request.client.host if request.client else ""


def network_of(address: str) -> str:
    """What one caller can hold at once: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        # What cannot be read shares one bucket instead of escaping the limit.
        return ""
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    # Whoever has one IPv6 address has its whole network of 64 bits, and could come from a new one each time.
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)  # noqa: PLR2004 - the version's name.


async def _verify_app(request: Request) -> None:
    token = request.headers.get("x-firebase-appcheck")
    if not token:
        raise UnauthenticatedError("Send an App Check token in X-Firebase-AppCheck.", field="X-Firebase-AppCheck")
    await _identity().verify_app(token)


def _bearer(request: Request) -> str | None:
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthenticatedError("Authorization must read 'Bearer <token>'.", field="Authorization")
    return token.strip()


def _identity() -> Identity:
    identity: Identity = wiring.provide(Identity)
    return identity
