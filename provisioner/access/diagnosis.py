"""Why a token does not become an account: the exchange step by step, with what was found and what was wanted.

The token's signature is not looked at: whoever asks holds the token, and only Google's answer to it counts.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from provisioner.access.decision import GIVES_TOKENS, SUBJECT_BYTES, audiences
from provisioner.access.expressions import ExpressionError, evaluate, text
from provisioner.access.model import AccessModel, Grant, Provider
from provisioner.errors import InvalidInput

Outcome = Literal["ok", "refused", "unknown"]

_LARGEST = 64 * 1024
_CLAIM = re.compile(r"\bassertion\.([A-Za-z_]\w*)")
_ATTRIBUTE_SET = re.compile(
    r"principalSet://iam\.googleapis\.com/projects/(?P<number>\d+)/locations/global/workloadIdentityPools/[^/]+"
    r"/attribute\.(?P<name>[^/]+)/(?P<value>.+)"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that must hold: what it is, how it stands, what was found, and what to do where it does not hold."""

    step: str
    outcome: Outcome
    found: str
    fix: str = ""

    def document(self) -> dict[str, str]:
        """Return the JSON shape: the fields by name."""
        return {"step": self.step, "outcome": self.outcome, "found": self.found, "fix": self.fix}


def read_token(content: str) -> dict[str, Any]:
    """Return the claims of a token (header.payload.signature), or of JSON that holds them.

    Raises InvalidInput, without quoting the content: it may be a live token.
    """
    content = content.strip()
    if len(content) > _LARGEST:
        raise InvalidInput("this is no token: it is longer than 64 KiB", fix="give the OIDC token of the job")
    payload = content.split(".")[1] if content.count(".") == 2 and not content.startswith("{") else None  # noqa: PLR2004
    try:
        document = json.loads(_decoded(payload) if payload is not None else content)
    except (ValueError, binascii.Error, RecursionError) as error:
        fix = "give the job's OIDC token as it is, or its claims as a JSON object"
        raise InvalidInput("this is neither a token nor JSON with claims", fix=fix) from error
    if not isinstance(document, dict):
        raise InvalidInput("the claims are no JSON object", fix='write {"repository_id": "…", …}')
    answered = document.get("value")  # what GitHub answers to a request for a token
    return read_token(answered) if isinstance(answered, str) and "iss" not in document else document


def diagnose(model: AccessModel, provider: Provider, token: Mapping[str, Any], now: datetime) -> tuple[Step, ...]:
    """Follow a token through a provider to the accounts that trust it; every step is told, not only the first no."""
    attributes, mapped = _mapped(provider, token)
    steps = [*_times(token, now), *_ends(provider, token), *mapped, *_conditions(provider, token, attributes)]
    return (*steps, *_bindings(model, provider, attributes))


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _times(token: Mapping[str, Any], now: datetime) -> Iterator[Step]:
    expires, valid = token.get("exp"), token.get("nbf", token.get("iat"))
    if not isinstance(expires, (int, float)):
        yield Step("times", "unknown", "the claims carry no exp", "paste the whole token to have its times checked")
        return
    if now.timestamp() >= expires:
        fix = "ask for the token right before it is exchanged; GitHub's live five minutes"
        yield Step("times", "refused", f"expired {_moment(expires)}", fix)
    elif isinstance(valid, (int, float)) and now.timestamp() < valid:
        yield Step("times", "refused", f"not valid before {_moment(valid)}", "set this machine's clock")
    else:
        yield Step("times", "ok", f"valid until {_moment(expires)}")


def _ends(provider: Provider, token: Mapping[str, Any]) -> Iterator[Step]:
    if provider.disabled:
        yield Step("provider", "refused", f"{provider.name} is disabled", "enable the pool and the provider")
    yield _compared(
        "issuer",
        str(token.get("iss", "")),
        (provider.issuer,),
        "the token comes from elsewhere than this provider trusts",
    )
    given = token.get("aud")
    found = [str(each) for each in given] if isinstance(given, list) else [str(given or "")]
    wanted = audiences(provider)
    if set(found) & set(wanted):
        yield Step("audience", "ok", next(each for each in found if each in wanted))
    else:
        fix = f"ask for the token with audience {wanted[0]} (google-github-actions/auth: leave `audience` out)"
        yield Step("audience", "refused", ", ".join(found) or "none", fix)


def _compared(step: str, found: str, wanted: tuple[str, ...], why: str) -> Step:
    if found in wanted:
        return Step(step, "ok", found)
    return Step(step, "refused", found or "none", f"{why}: wanted {' or '.join(wanted)}")


def _mapped(provider: Provider, assertion: Mapping[str, Any]) -> tuple[dict[str, str], list[Step]]:
    attributes: dict[str, str] = {}
    steps: list[Step] = []
    for name, expression in provider.mapping.items():
        try:
            attributes[name] = text(expression, assertion)
        except ExpressionError as error:
            fix = f"{_absent(expression, assertion) or error}; the mapping is {expression}"
            steps.append(Step(f"mapping {name}", "refused", "no value", fix))
            continue
        steps.append(Step(f"mapping {name}", "ok", attributes[name] or "(empty)"))
    size = len(attributes.get("google.subject", "").encode())
    if not 0 < size <= SUBJECT_BYTES:
        steps.append(
            Step("subject", "refused", f"{size} bytes", f"google.subject must have 1 to {SUBJECT_BYTES} bytes")
        )
    return attributes, steps


def _absent(expression: str, assertion: Mapping[str, Any]) -> str:
    absent = sorted(set(_CLAIM.findall(expression)) - assertion.keys())
    return f"the token has no claim {', '.join(absent)}" if absent else ""


def _conditions(provider: Provider, assertion: Mapping[str, Any], attributes: Mapping[str, str]) -> Iterator[Step]:
    """Judge the parts of the condition one by one: all of them must hold."""
    google = {name.removeprefix("google."): v for name, v in attributes.items() if name.startswith("google.")}
    attribute = {n.removeprefix("attribute."): v for n, v in attributes.items() if n.startswith("attribute.")}
    for part in _conjuncts(provider.condition):
        about = sorted(set(_CLAIM.findall(part)))
        found = ", ".join(f"{name} is {assertion[name]!r}" if name in assertion else f"no {name}" for name in about)
        try:
            holds = evaluate(part, assertion, google=google, attribute=attribute) is True
        except ExpressionError as error:
            yield Step("condition", "refused", found, f"{_absent(part, assertion) or error}; wanted {part}")
            continue
        yield Step("condition", "ok" if holds else "refused", found, "" if holds else f"wanted {part}")


def _conjuncts(condition: str) -> Iterator[str]:
    """Split at ``&&`` outside of quotes and brackets; a condition with ``||`` at that level stays whole."""
    parts, start, depth, quote = [], 0, 0, ""
    for at, sign in enumerate(condition):
        if quote:
            quote = "" if sign == quote and condition[at - 1] != "\\" else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif depth == 0 and condition.startswith("||", at):
            yield condition
            return
        elif depth == 0 and condition.startswith("&&", at):
            parts.append(condition[start:at])
            start = at + 2
    yield from filter(None, (part.strip() for part in (*parts, condition[start:])))


def _bindings(model: AccessModel, provider: Provider, attributes: Mapping[str, str]) -> Iterator[Step]:
    """Tell for every account that trusts this pool whether the token is meant."""
    pool = f"/workloadIdentityPools/{provider.pool}/"
    for grant in model.grants:
        if grant.scope.startswith("account:") and grant.role in GIVES_TOKENS and pool in grant.member:
            yield _bound(grant, provider, attributes)


def _bound(grant: Grant, provider: Provider, attributes: Mapping[str, str]) -> Step:
    account = grant.scope.removeprefix("account:")
    found = _ATTRIBUTE_SET.fullmatch(grant.member)
    if found is None:
        return Step(f"account {account}", "unknown", grant.member, "compare this principal with the mapped subject")
    if provider.number and found["number"] != provider.number:
        shown = f"bound to the pool of project {found['number']}"
        return Step(f"account {account}", "refused", shown, f"the pool lies in project {provider.number}")
    name, wanted = f"attribute.{found['name']}", found["value"]
    given = attributes.get(name, "")
    if given == wanted:
        return Step(f"account {account}", "ok", f"{found['name']} is {wanted}")
    shown = f"{found['name']} is {given or '(empty)'}"
    return Step(f"account {account}", "refused", shown, f"bound to {wanted}")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
