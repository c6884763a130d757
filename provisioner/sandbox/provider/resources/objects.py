"""Objects in buckets (storage v1): content goes up as one multipart request."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from pathlib import Path
from typing import Final
from urllib.parse import quote

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import ProviderError
from provisioner.sandbox.provider.resource import Json, Resource, Spec, State
from provisioner.sandbox.provider.values import UNKNOWN

_BASE: Final = "storage.googleapis.com"
_FROM_CONTENT: Final = ("crc32c", "generation", "md5hash", "md5hexhash", "media_link")

OBJECT: Final = Spec(
    name="google_storage_bucket_object",
    title="object",
    base=f"{_BASE}/storage/v1",
    parent="b/{bucket}/o",
    own="{bucket}-{name}",
    timeouts=("create", "delete", "update"),
    legacy=True,
    mask=False,
    table="""
bucket               str!^
cache_control        str^
content              str?  sensitive virtual choice=content
content_disposition  str^
content_encoding     str^
content_language     str^
content_type         str?^ clash=type
contexts             one   unsupported
  custom             blocks!
    create_time      str*
    key              str!
    update_time      str*
    value            str!
crc32c               str*
customer_encryption  one   sensitive unsupported clash=encryption
  encryption_algorithm str^ default=AES256
  encryption_key     str!^ sensitive
@policy
detect_md5hash       str   default=different~hash virtual same=special
event_based_hold     bool  clash=hold
force_empty_content_type bool^ virtual clash=type
generation           int*  as=text
kms_key_name         str?^ same=key clash=encryption
md5hash              str*  api=md5Hash
md5hexhash           str*  virtual
media_link           str*
metadata             map^
name                 str!^
output_name          str*  api=name
retention            one   clash=hold
  mode               str!
  retain_until_time  str!
self_link            str*
source               str^  virtual choice=content
source_md5hash       str   virtual
storage_class        str?^
temporary_hold       bool
""",
)


class BucketObject(Resource):
    """One object; new content is a new upload under the same name."""

    def validate(self, config: State) -> list[ProviderError]:
        """Refuse a relative source: this provider does not run in Terraform's folder."""
        found = super().validate(config)
        source = config.get("source")
        if isinstance(source, str) and not Path(source).is_absolute():
            advice = 'The stand-in provider runs outside the root folder. Write abspath("...") or use content.'
            found.append(ProviderError("source must be an absolute path in the sandbox", advice, ("source",)))
        return found

    def customise(self, configuration: Configuration, prior: State | None, planned: State, config: State) -> None:
        """Mark what follows from the content when it changes, also when only the source file did."""
        super().customise(configuration, prior, planned, config)
        if prior is None:
            return
        payload = _payload(config)
        changed = payload is UNKNOWN or (payload is not None and _md5(payload) != prior.get("md5hash"))
        if changed or prior.get("content") != planned.get("content"):
            planned.update(dict.fromkeys(_FROM_CONTENT, UNKNOWN))

    def send_create(self, configuration: Configuration, state: State) -> Json:
        """Upload metadata and content together."""
        payload = _payload(state)
        content = payload if isinstance(payload, bytes) else b""
        described = {**self.body(state), "bucket": state["bucket"]}
        described.pop("name", None)
        if not state.get("content_type") or state.get("content_type") is UNKNOWN:
            described["contentType"] = "" if state.get("force_empty_content_type") else _guess(content)
        boundary = secrets.token_hex(30)
        parts = (("application/json", json.dumps(described).encode() + b"\n"), (described["contentType"], content))
        body = b"".join(
            f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + part + b"\r\n" for kind, part in parts
        )
        raw = (f"multipart/related; boundary={boundary}", body + f"--{boundary}--\r\n".encode())
        url = f"{_BASE}/upload/storage/v1/b/{state['bucket']}/o"
        query = {"name": state["name"], "uploadType": "multipart"}
        return self.call(configuration, "POST", url, raw=raw, query=query)

    def identify(self, state: State, answer: Json) -> str:
        """Return bucket and name joined by a dash, as the real provider does."""
        return f"{state['bucket']}-{answer['name']}"

    def url(self, state: State) -> str:
        """Return host and path of the object."""
        return f"{_BASE}/storage/v1/b/{state['bucket']}/o/{quote(state['name'], safe='')}"

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Upload new content, or change the holds and the retention."""
        if planned.get("md5hash") is UNKNOWN:
            self.send_create(configuration, planned)
        else:
            held = [
                part
                for part in self.changed(prior, planned)
                if part.name in {"event_based_hold", "temporary_hold", "retention"}
            ]
            if held:
                self.call(configuration, "PUT", self.url(prior), body=self.body(planned))
        return self.read(configuration, {**planned, "id": prior["id"]}) or prior

    def from_document(self, configuration: Configuration, document: Json, state: State) -> State:
        """Fill in the digest in hexadecimal."""
        found = super().from_document(configuration, document, state)
        found["md5hexhash"] = base64.b64decode(found["md5hash"]).hex()
        found["name"] = state["name"]
        return found


def _payload(state: State) -> bytes | object | None:
    content, source = state.get("content"), state.get("source")
    if UNKNOWN in {content, source}:
        return UNKNOWN
    if content is not None:
        return str(content).encode()
    if source is None:
        return None
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise ProviderError(f"{source}: {error.strerror}", path=("source",)) from error


def _md5(payload: object) -> str:
    content = payload if isinstance(payload, bytes) else b""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def _guess(content: bytes) -> str:
    try:
        content.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain; charset=utf-8"


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return (BucketObject(OBJECT),)
