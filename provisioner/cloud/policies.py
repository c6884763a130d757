"""Who is trusted in a project right now: pools, providers, accounts, keys and policies, read from Google's APIs.

What a person changed by hand is here as well. Facts: a policy of version 3 carries conditions only when version 3 is
asked for (https://cloud.google.com/iam/docs/policies#versions); grants on a folder or the organisation count in every
project below (https://cloud.google.com/iam/docs/resource-hierarchy-access-control). Cloud Run's and Artifact
Registry's lists take no wildcard for the location, so they are read in the locations that the caller names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from provisioner.cloud.session import Answer, Session, expected
from provisioner.errors import ProvisionError

Json = Mapping[str, Any]

_PROJECTS = "https://cloudresourcemanager.googleapis.com"
_IAM = "https://iam.googleapis.com/v1"
_BILLING = "https://cloudbilling.googleapis.com/v1"
_STORAGE = "https://storage.googleapis.com/storage/v1"
_REGISTRY = "https://artifactregistry.googleapis.com/v1"
_RUN = "https://run.googleapis.com/v2"
_SECRETS = "https://secretmanager.googleapis.com/v1"
_VERSION = "options.requestedPolicyVersion=3"
_BODY = {"options": {"requestedPolicyVersion": 3}}
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Policy:
    """The bindings at one place. ``scope`` is ``<type>:<name>``, ``at`` the address that was asked."""

    scope: str
    at: str
    bindings: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class ProjectTrust:
    """What one project trusts, as Google's documents have it.

    ``keys`` are the user-managed keys of its accounts (full names), ``unread`` places above the project whose policy
    may not be read: what they grant is not in ``policies``.
    """

    project: str
    number: str
    pools: tuple[Json, ...]
    providers: tuple[Json, ...]
    accounts: tuple[Json, ...]
    keys: tuple[str, ...]
    policies: tuple[Policy, ...]
    unread: tuple[str, ...] = ()


_Asked = tuple[str, str, str, Json | None]
"""A policy to read: scope, HTTP method, URL, body."""


def read_project(session: Session, project: str, locations: Iterable[str]) -> ProjectTrust:
    """Read a project's trust; what its APIs do not know (a service that is not enabled) is empty.

    Raises ProvisionError where something may not be read: half a picture would look better than the whole.
    """
    facts = expected(session.get(f"{_PROJECTS}/v3/projects/{project}"), project).document
    pools = tuple(_rows(session, f"{_IAM}/projects/{project}/locations/global/workloadIdentityPools", _POOLS))
    accounts = tuple(_rows(session, f"{_IAM}/projects/{project}/serviceAccounts", "accounts"))
    asked = [_on_project(project), *_on_accounts(accounts), *_on_resources(session, project, tuple(locations))]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        policies = tuple(threads.map(lambda each: _policy(session, each), asked))
        keys = tuple(key for found in threads.map(lambda each: _keys(session, each), accounts) for key in found)
        providers = tuple(
            each for found in threads.map(lambda pool: _providers(session, pool), pools) for each in found
        )
    above, unread = _above(session, project)
    number = str(facts.get("name", "")).removeprefix("projects/")
    return ProjectTrust(project, number, pools, providers, accounts, keys, (*policies, *above), unread)


def read_bucket(session: Session, bucket: str, folders: Iterable[str]) -> tuple[Policy, ...]:
    """Read the policies of one bucket and of those managed folders of it that exist, such as a state's."""
    asked = [_on_bucket(bucket), *(_on_folder(bucket, folder) for folder in folders)]
    return tuple(_policy(session, each, may_be_absent=True) for each in asked)


def read_above(session: Session, place: str, billing_account: str) -> tuple[tuple[Policy, ...], tuple[str, ...]]:
    """Read the policies of a folder or organisation (``folders/<n>``, ``organizations/<n>``) and a billing account.

    Returns them, scoped as grants there are, and the places that may not be read.
    """
    kind, _, number = place.partition("/")
    scope = f"folder:{place}" if kind == "folders" else f"organization:{number}"
    account = f"{_BILLING}/billingAccounts/{billing_account}:getIamPolicy?{_VERSION}"
    asked: tuple[_Asked, ...] = (
        (scope, "POST", f"{_PROJECTS}/v3/{place}:getIamPolicy", _BODY),
        (f"billing:{billing_account}", "GET", account, None),
    )
    answers = [(each, session.call(each[1], each[2], each[3])) for each in asked]
    found = (Policy(each[0], each[2], tuple(got.document.get("bindings", ()))) for each, got in answers if got.ok)
    return tuple(found), tuple(each[0] for each, got in answers if not got.ok)


def read_roles(session: Session, roles: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the permissions in each role, predefined or custom; a role that may not be read is left out."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        wanted = sorted(set(roles))
        answers = threads.map(lambda role: session.get(f"{_IAM}/{role}"), wanted)
        return {
            role: tuple(answer.document.get("includedPermissions", ()))
            for role, answer in zip(wanted, answers, strict=True)
            if answer.ok
        }


_POOLS = "workloadIdentityPools"


def _on_project(project: str) -> _Asked:
    return f"project:{project}", "POST", f"{_PROJECTS}/v3/projects/{project}:getIamPolicy", _BODY


def _on_accounts(accounts: Iterable[Json]) -> Iterator[_Asked]:
    for each in accounts:
        yield f"account:{each['email']}", "POST", f"{_IAM}/{each['name']}:getIamPolicy?{_VERSION}", {}


def _on_resources(session: Session, project: str, locations: tuple[str, ...]) -> Iterator[_Asked]:
    for bucket in _rows(session, f"{_STORAGE}/b?project={project}", "items"):
        name = str(bucket["name"])
        yield _on_bucket(name)
        for folder in _rows(session, f"{_STORAGE}/b/{name}/managedFolders", "items"):
            yield _on_folder(name, str(folder["name"]))
    for location in locations:
        where = f"projects/{project}/locations/{location}"
        yield from _under(session, "registry", f"{_REGISTRY}/{where}/repositories", _REGISTRY)
        yield from _under(session, "service", f"{_RUN}/{where}/services", _RUN)
    for secret in _rows(session, f"{_SECRETS}/projects/{project}/secrets", "secrets"):
        short = str(secret["name"]).rpartition("/")[2]
        yield f"secret:{project}/{short}", "GET", f"{_SECRETS}/{secret['name']}:getIamPolicy?{_VERSION}", None


def _under(session: Session, kind: str, url: str, api: str) -> Iterator[_Asked]:
    """Name the policies of what a location holds; names are projects/<p>/locations/<l>/<collection>/<name>."""
    for each in _rows(session, url, url.rpartition("/")[2]):
        name = str(each["name"])
        _, project, _, location, _, short = name.split("/")
        yield f"{kind}:{project}/{location}/{short}", "GET", f"{api}/{name}:getIamPolicy?{_VERSION}", None


def _on_bucket(bucket: str) -> _Asked:
    return f"bucket:{bucket}", "GET", f"{_STORAGE}/b/{bucket}/iam?optionsRequestedPolicyVersion=3", None


def _on_folder(bucket: str, folder: str) -> _Asked:
    name = folder.rstrip("/")
    url = f"{_STORAGE}/b/{bucket}/managedFolders/{quote(f'{name}/', safe='')}/iam?optionsRequestedPolicyVersion=3"
    return f"folder:{bucket}/{name}", "GET", url, None


def _policy(session: Session, asked: _Asked, *, may_be_absent: bool = False) -> Policy:
    scope, method, url, body = asked
    answer = session.call(method, url, body)
    if may_be_absent and answer.status == HTTPStatus.NOT_FOUND:
        return Policy(scope, url, ())
    return Policy(scope, url, tuple(_readable(answer, scope).document.get("bindings", ())))


def _keys(session: Session, account: Json) -> list[str]:
    url = f"{_IAM}/{account['name']}/keys?keyTypes=USER_MANAGED"
    found = _readable(session.get(url), str(account["email"])).document.get("keys", ())
    return [str(key["name"]) for key in found]


def _providers(session: Session, pool: Json) -> list[Json]:
    return list(_rows(session, f"{_IAM}/{pool['name']}/providers", "workloadIdentityPoolProviders"))


def _above(session: Session, project: str) -> tuple[tuple[Policy, ...], tuple[str, ...]]:
    """Read what the folders and the organisation above grant in the project; name those that may not be read."""
    answer = session.call("POST", f"{_PROJECTS}/v1/projects/{project}:getAncestry", {})
    if not answer.ok:
        return (), (f"what is above {project}",)
    found: list[Policy] = []
    unread: list[str] = []
    for ancestor in answer.document.get("ancestor", [])[1:]:
        kind, number = (ancestor["resourceId"][part] for part in ("type", "id"))
        url = f"{_PROJECTS}/v3/{kind}s/{number}:getIamPolicy"
        policy = session.call("POST", url, _BODY)
        if policy.ok:
            found.append(Policy(f"project:{project}", url, tuple(policy.document.get("bindings", ()))))
        else:
            unread.append(f"{kind} {number}, above {project}")
    return tuple(found), tuple(unread)


def _rows(session: Session, url: str, key: str) -> Iterator[Json]:
    """Yield the entries of a list over all its pages; none where the API is off or the collection not there."""
    sign, token = "&" if "?" in url else "?", ""
    while True:
        answer = session.get(f"{url}{sign}pageToken={quote(token, safe='')}" if token else url)
        if answer.disabled_service or answer.status == HTTPStatus.NOT_FOUND:
            return
        yield from _readable(answer, url).document.get(key, [])
        token = str(answer.document.get("nextPageToken", ""))
        if not token:
            return


def _readable(answer: Answer, where: str) -> Answer:
    if answer.status == HTTPStatus.FORBIDDEN:
        raise ProvisionError(
            f"it may not be read: {answer.message}",
            fix="ask with credentials that hold roles/iam.securityReviewer on the project",
            where=where,
        )
    return expected(answer, where)
