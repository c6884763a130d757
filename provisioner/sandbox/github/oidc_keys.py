"""The key that signs the tokens of Actions jobs: made once, kept in the store, shown only as a public JWK."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from joserfc.jwk import RSAKey

from provisioner.sandbox.store import Transaction

_KEY = "github/oidc-key"


def signing_key(tx: Transaction) -> RSAKey:
    """Return the signing key, making it on first use."""
    pem = tx.get_blob(_KEY)
    if pem is None:
        pem = RSAKey.generate_key(2048).as_pem(private=True)
        tx.put_blob(_KEY, pem)
    return _parsed(pem)


def key_id(key: RSAKey) -> str:
    """Return the name by which tokens and the key set refer to the key (RFC 7638)."""
    return key.thumbprint()


def key_set(tx: Transaction) -> dict[str, Any]:
    """Return the JWKS document."""
    key = signing_key(tx)
    return {"keys": [{**key.as_dict(private=False), "kid": key_id(key), "alg": "RS256", "use": "sig"}]}


@lru_cache(maxsize=4)
def _parsed(pem: bytes) -> RSAKey:
    """Read a key; OpenSSL tests its primes each time, which costs more than everything else about a token."""
    return RSAKey.import_key(pem)
