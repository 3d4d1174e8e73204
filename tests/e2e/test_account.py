"""From registering to signed out, at the gateway's REST routes."""

import httpx

from local.stack import Stack
from shared.core.ids import new_id


def test_a_rest_client_registers_signs_in_and_out(stack: Stack):
    name = new_id()
    known = {"email": f"{name}@synapse.example", "password": "correct horse battery"}
    with httpx.Client(base_url=f"{stack.url}/api/v1/auth/", timeout=60) as http:
        registered = http.post("register", json={**known, "username": name, "accept_terms": True})
        assert (registered.status_code, registered.json()["username"]) == (201, name)
        session = http.post("login", json=known).raise_for_status().json()
        signed = {"Authorization": f"Bearer {session['token']}"}
        assert http.get("me", headers=signed).json()["uid"] == registered.json()["uid"]
        assert http.post("password-reset", json={"email": known["email"]}).status_code == 204
        assert http.post("logout", headers=signed).status_code == 204
        assert http.get("me", headers=signed).status_code == 401
        assert http.post("login", json=known).status_code == 200
