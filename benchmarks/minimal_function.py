"""The least that a signed-in function does: clients imported eagerly, the ID token verified, one document read.

It is served from a copy in a folder of its own, as a deployed function is, so it imports nothing of the project.
"""

import asyncio
from functools import cache

import firebase_admin
import functions_framework.aio
from firebase_admin import auth
from google.cloud import firestore
from starlette.requests import Request
from starlette.responses import JSONResponse

firebase_admin.initialize_app()


@cache
def store() -> firestore.AsyncClient:
    """One a process, opened on its event loop."""
    return firestore.AsyncClient()


@functions_framework.aio.http
async def minimal(request: Request) -> JSONResponse:
    """Whether the caller has a user document."""
    token = request.headers["authorization"].removeprefix("Bearer ")
    caller = await asyncio.to_thread(auth.verify_id_token, token)
    found = await store().collection("users").document(caller["uid"]).get()
    return JSONResponse({"uid": caller["uid"], "registered": found.exists})
