"""token.actions.githubusercontent.com: discovery, the key set, and the address jobs fetch their id tokens from."""

from __future__ import annotations

import json
import re
from typing import Any

from provisioner.sandbox.github.errors import GithubError, NotImplementedHere
from provisioner.sandbox.github.job_tokens import ISSUER, id_token
from provisioner.sandbox.github.oidc_keys import key_set
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.store import Transaction
from provisioner.sandbox.world import World

_TOKEN_PATH = re.compile(r"/idtoken/(\d+)/([0-9a-f-]+)")
_CLAIMS = (
    "sub aud exp iat iss jti nbf ref sha repository repository_id repository_owner repository_owner_id run_id "
    "run_number run_attempt actor actor_id workflow workflow_ref workflow_sha head_ref base_ref event_name ref_type "
    "ref_protected environment job_workflow_ref job_workflow_sha repository_visibility runner_environment"
)


def serve_issuer(world: World, request: Request) -> Response:
    """Answer one request to the issuer's host."""
    try:
        with world.store.transaction() as tx:
            return _json(_document(world, tx, request))
    except GithubError as refused:
        return _json(refused.document("https://docs.github.com/actions/reference/security/oidc"), refused.status)


def discovery() -> dict[str, Any]:
    """Return the OpenID provider's metadata."""
    return {
        "issuer": ISSUER,
        "jwks_uri": f"{ISSUER}/.well-known/jwks",
        "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["id_token"],
        "claims_supported": _CLAIMS.split(),
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid"],
    }


def _document(world: World, tx: Transaction, request: Request) -> dict[str, Any]:
    if request.method == "GET" and request.path == "/.well-known/openid-configuration":
        return discovery()
    if request.method == "GET" and request.path == "/.well-known/jwks":
        return key_set(tx)
    match = _TOKEN_PATH.fullmatch(request.path)
    if request.method != "GET" or match is None:
        raise NotImplementedHere(f"{request.method} {request.path} on {request.host}")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise GithubError(401, "The request token of the job is missing.")
    audience = dict(request.query_pairs()).get("audience", "")
    value = id_token(tx, token.strip(), (match[1], match[2]), audience, world.clock.now())
    return {"count": len(value), "value": value}


def _json(document: dict[str, Any], status: int = 200) -> Response:
    body = json.dumps(document).encode()
    return Response(status, (("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store")), body)
