"""Signed URLs and signed requests, version 4.

https://cloud.google.com/storage/docs/access-control/signed-urls, .../authentication/canonical-requests. RSA signatures
are made by a service account's keys (IAM Credentials' signBlob, or a key of its own), HMAC ones by its HMAC keys.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from provisioner.sandbox.google.errors import ApiError
from provisioner.sandbox.google.identity.account_keys import keys_of, usable_public_key
from provisioner.sandbox.google.identity.accounts import find_account
from provisioner.sandbox.google.identity.callers import account_caller
from provisioner.sandbox.google.method import Call, Caller
from provisioner.sandbox.google.storage import hmackeys
from provisioner.sandbox.http import Request
from provisioner.sandbox.store import Document

_RSA, _HMAC = "GOOG4-RSA-SHA256", "GOOG4-HMAC-SHA256"
_CREDENTIAL = re.compile(r"(?P<who>[^/]+)/(?P<date>\d{8})/(?P<place>[^/]+)/(?P<service>[^/]+)/goog4_request")
_HEADER = re.compile(
    r"(GOOG4-[A-Z]+-SHA256)\s+Credential=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=(\w+)"
)
_LONGEST = 604800
_SKEW = timedelta(minutes=15)
_TIME = "%Y%m%dT%H%M%SZ"


class SignatureError(ApiError):
    """A refusal with the XML code that goes with it; ``extra`` is XML put beside the message."""

    def __init__(self, xml_code: str, message: str, details: str = "", *, code: int, extra: str = "") -> None:
        super().__init__("PERMISSION_DENIED" if code == 403 else "INVALID_ARGUMENT", message, code=code)  # noqa: PLR2004
        self.xml_code = xml_code
        self.xml_details = details
        self.extra = extra


@dataclass(frozen=True, slots=True)
class _Signed:
    """What a request says about its signature. ``expires`` is in seconds; ``in_query`` tells a signed URL."""

    algorithm: str
    credential: str
    moment: str
    headers: tuple[str, ...]
    signature: str
    expires: int
    in_query: bool


def signed_caller(call: Call) -> Caller | None:
    """Return the service account that signed a request, or None when it is not signed. Raises SignatureError."""
    signed = _read(call.request)
    if signed is None:
        return None
    credential = _CREDENTIAL.fullmatch(signed.credential)
    if credential is None or credential["service"] != "storage" or not signed.moment.startswith(credential["date"]):
        raise _malformed("X-Goog-Credential", signed.credential)
    _check_time(signed, call.now)
    canonical = _canonical_request(call.request, signed)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    scope = signed.credential.partition("/")[2]
    text = f"{signed.algorithm}\n{signed.moment}\n{scope}\n{digest}"
    account = _verified(call, signed, credential, text)
    if account is None:
        extra = f"<StringToSign>{escape(text)}</StringToSign><CanonicalRequest>{escape(canonical)}</CanonicalRequest>"
        raise SignatureError(
            "SignatureDoesNotMatch",
            "Access denied.",
            "The request signature we calculated does not match the signature you provided. Check your Google secret "
            "key and signing method.",
            code=403,
            extra=extra,
        )
    return account_caller(call.tx, account)


def _read(request: Request) -> _Signed | None:
    query = {name.lower(): value for name, value in request.query_pairs()}
    if "x-goog-signature" in query:
        expires = query.get("x-goog-expires", "")
        if not expires.isdigit() or not 0 < int(expires) <= _LONGEST:
            raise _malformed("X-Goog-Expires", expires)
        return _Signed(
            query.get("x-goog-algorithm", ""),
            query.get("x-goog-credential", ""),
            query.get("x-goog-date", ""),
            tuple(query.get("x-goog-signedheaders", "").split(";")),
            query["x-goog-signature"],
            int(expires),
            in_query=True,
        )
    found = _HEADER.fullmatch(request.headers.get("authorization", ""))
    if not found:
        return None
    moment = request.headers.get("x-goog-date", "")
    return _Signed(found[1], found[2], moment, tuple(found[3].split(";")), found[4], 0, in_query=False)


def _check_time(signed: _Signed, now: datetime) -> None:
    try:
        made = datetime.strptime(signed.moment, _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise _malformed("X-Goog-Date", signed.moment) from None
    ends = made + (timedelta(seconds=signed.expires) if signed.in_query else _SKEW)
    if ends < now:
        shown = f"Request signature expired at: {ends.isoformat()}"
        raise SignatureError("ExpiredToken", "Invalid argument.", shown, code=400)
    if made - _SKEW > now:
        shown = "The difference between the request time and the server's time is too large."
        raise SignatureError("RequestTimeTooSkewed", shown, code=403)


def _canonical_request(request: Request, signed: _Signed) -> str:
    pairs = [
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(request.query, keep_blank_values=True)
        if name.lower() != "x-goog-signature"
    ]
    query = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    headers = "".join(f"{name}:{_header(request, name)}\n" for name in signed.headers)
    payload = request.headers.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD")
    return "\n".join((request.method, request.path, query, headers, ";".join(signed.headers), payload))


def _header(request: Request, name: str) -> str:
    value = request.host if name == "host" else request.headers.get(name, "")
    return " ".join(value.split())


def _verified(call: Call, signed: _Signed, credential: Mapping[str, str] | re.Match[str], text: str) -> Document | None:
    """Return the account whose key made the signature, or None."""
    try:
        signature = bytes.fromhex(signed.signature)
    except ValueError:
        return None
    if signed.algorithm == _HMAC:
        return _verified_by_hmac(call, signature, credential, text)
    if signed.algorithm != _RSA:
        raise _malformed("X-Goog-Algorithm", signed.algorithm)
    account = find_account(call.tx, credential["who"])
    if account is None or account.get("disabled"):
        return None
    names = [key["id"] for key in keys_of(call.tx, account, call.now)]
    usable = (usable_public_key(call.tx, account, name, call.now) for name in names)
    return account if any(_matches(pem, signature, text) for pem in usable if pem) else None


def _verified_by_hmac(
    call: Call, signature: bytes, credential: Mapping[str, str] | re.Match[str], text: str
) -> Document | None:
    found = hmackeys.active(call.tx, credential["who"])
    if found is None:
        return None
    email, secret = found
    key = f"GOOG4{secret}".encode()
    for part in (credential["date"], credential["place"], credential["service"], "goog4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    good = hmac.compare_digest(hmac.digest(key, text.encode(), "sha256"), signature)
    return find_account(call.tx, email) if good else None


def _matches(pem: str, signature: bytes, text: str) -> bool:
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, RSAPublicKey)  # noqa: S101 - accounts have RSA keys only
    try:
        key.verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _malformed(name: str, value: str) -> SignatureError:
    extra = f"<ParameterName>{escape(name)}</ParameterName>"
    text = "Your request has a malformed header."
    return SignatureError("MalformedSecurityHeader", text, f"Invalid {name}: {value}", code=400, extra=extra)
