"""Releases and their assets.

https://docs.github.com/rest/releases
"""

from __future__ import annotations

import hashlib
import re
from functools import partial
from typing import Any

from provisioner.sandbox.github import commits, events, repositories
from provisioner.sandbox.github.access import at_least
from provisioner.sandbox.github.accounts import account_by_id, simple
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import invalid, not_found, unprocessable
from provisioner.sandbox.github.identifiers import next_id, node_id
from provisioner.sandbox.github.ref_changes import change
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, TEXT, text
from provisioner.sandbox.store import Document

RELEASES = "github/releases"
_COMMON = {
    "target_commitish": TEXT,
    "name": text(nullable=True),
    "body": text(nullable=True),
    "draft": FLAG,
    "prerelease": FLAG,
    "make_latest": text(enum=("true", "false", "legacy")),
}
_CREATE = {**_COMMON, "tag_name": text(required=True), "generate_release_notes": FLAG}
_CHANGE = {**_COMMON, "tag_name": TEXT}
_NOTES = {"tag_name": text(required=True), "target_commitish": TEXT, "previous_tag_name": TEXT}
_LARGEST_ASSET = 256 * 1024 * 1024
_NAME = re.compile(r"[^A-Za-z0-9._+-]+")


def listed(call: Call) -> list[Document]:
    """Return the releases that the caller may see, newest first; drafts only with write access."""
    rows = [row for _, row in call.tx.scan(RELEASES, f"{call.repository['id']}/")][::-1]
    return [row for row in rows if not row["draft"] or at_least(call.role, "write")]


def list_releases(call: Call) -> Listing:
    """List releases."""
    return Listing(listed(call), partial(show, call))


def create(call: Call) -> Answer:
    """Make a release, and its tag where there is none (unless it is a draft)."""
    wanted = call.body(_CREATE)
    if any(row["tag_name"] == wanted["tag_name"] and not row["draft"] for row in listed(call)):
        raise invalid("Release", "tag_name", "already_exists")
    release = {
        "id": next_id(call.tx, "release"),
        "target_commitish": call.repository["default_branch"],
        "name": None,
        "body": None,
        "draft": False,
        "prerelease": False,
        "make_latest": "true",
        **wanted,
        "author_id": call.caller.account["id"],
        "assets": [],
        "created_at": call.stamp,
        "published_at": None,
    }
    if release.pop("generate_release_notes", False):
        release["body"] = _notes(call, release["tag_name"], release["target_commitish"], "")
    _settle(call, release)
    shown = show(call, release)
    return Answer(shown, 201, (("Location", shown["url"]),))


def _settle(call: Call, release: Document) -> None:
    fresh = not release["draft"] and release["published_at"] is None
    if fresh:
        _tag(call, release)
        release["published_at"] = call.stamp
    call.tx.put(RELEASES, f"{call.repository['id']}/{release['id']:012}", release)
    if fresh:
        events.publish(call, "release", lambda: {"release": show(call, release)}, "published")


def _tag(call: Call, release: Document) -> None:
    git, tag = git_of(call), release["tag_name"]
    if git.resolve(f"refs/tags/{tag}"):
        return
    target = release["target_commitish"]
    sha = next((found for name in (f"refs/heads/{target}", target) if (found := git.resolve(name))), None)
    if sha is None:
        raise invalid("Release", "target_commitish", "invalid")
    change(call, f"refs/tags/{tag}", sha)


def _release(call: Call) -> Document:
    found = call.tx.get(RELEASES, f"{call.repository['id']}/{call.parameters['release_id'].zfill(12)}")
    if found is None or (found["draft"] and not at_least(call.role, "write")):
        raise not_found()
    return found


def get(call: Call) -> Answer:
    """Show a release."""
    return Answer(show(call, _release(call)))


def get_latest(call: Call) -> Answer:
    """Show the newest full release."""
    rows = [row for row in listed(call) if not row["draft"] and not row["prerelease"]]
    row = next((row for row in rows if row["make_latest"] != "false"), None)
    if row is None:
        raise not_found()
    return Answer(show(call, row))


def get_by_tag(call: Call) -> Answer:
    """Show the release of a tag."""
    for row in listed(call):
        if row["tag_name"] == call.parameters["tag"] and not row["draft"]:
            return Answer(show(call, row))
    raise not_found()


def change_release(call: Call) -> Answer:
    """Change a release; a draft that is one no longer is published."""
    release = _release(call) | call.body(_CHANGE)
    _settle(call, release)
    return Answer(show(call, release))


def delete(call: Call) -> Answer:
    """Remove a release with its assets; its tag stays."""
    release = _release(call)
    for asset in release["assets"]:
        call.tx.delete_blob(_blob(call, asset["id"]))
    call.tx.delete(RELEASES, f"{call.repository['id']}/{release['id']:012}")
    return NO_CONTENT


def generate_notes(call: Call) -> Answer:
    """Write notes from the commits since another tag."""
    wanted = call.body(_NOTES)
    target: str = wanted.get("target_commitish") or call.repository["default_branch"]
    body = _notes(call, wanted["tag_name"], target, wanted.get("previous_tag_name", ""))
    return Answer({"name": wanted["tag_name"], "body": body})


def _notes(call: Call, tag: str, target: str, previous: str) -> str:
    git = git_of(call)
    names = (f"refs/tags/{tag}", f"refs/heads/{target}", target)
    tip = next((sha for name in names if (sha := git.resolve(name))), None)
    if tip is None:
        raise unprocessable(f"No commit found for {target}")
    before = previous or next((row["tag_name"] for row in listed(call) if row["tag_name"] != tag), "")
    since = git.resolve(f"refs/tags/{before}") if before else None
    rows = commits.read(git, f"{since}..{tip}" if since else tip)
    lines = [f"* {commit.message.partition(chr(10))[0]} by {commit.author['name']}" for commit in rows]
    name = repositories.full_name(call.tx, call.repository)
    span = ("compare", f"{before}...{tag}") if before else ("commits", tag)
    return "\n".join(["## What's Changed", *lines, "", f"**Full Changelog**: {call.urls.web(name, *span)}"])


def upload(call: Call) -> Answer:
    """Keep a file of a release (``uploads.github.com``); the body is the file."""
    release, name = _release(call), _NAME.sub(".", call.query("name"))
    if not name:
        raise unprocessable("Invalid name for request")
    if any(asset["name"] == name for asset in release["assets"]):
        raise invalid("ReleaseAsset", "name", "already_exists")
    if not 0 < len(call.request.body) < _LARGEST_ASSET:
        raise unprocessable("size must be less than or equal to 2147483648 and greater than 0")
    asset = {
        "id": next_id(call.tx, "asset"),
        "name": name,
        "label": call.query("label") or None,
        "content_type": call.request.headers.get("content-type", "application/octet-stream"),
        "size": len(call.request.body),
        "digest": f"sha256:{hashlib.sha256(call.request.body).hexdigest()}",
        "download_count": 0,
        "uploader_id": call.caller.account["id"],
        "created_at": call.stamp,
        "updated_at": call.stamp,
    }
    call.tx.put_blob(_blob(call, asset["id"]), call.request.body)
    release["assets"].append(asset)
    call.tx.put(RELEASES, f"{call.repository['id']}/{release['id']:012}", release)
    return Answer(show_asset(call, release, asset), 201)


def _blob(call: Call, number: int) -> str:
    return f"github/asset/{call.repository['id']}/{number}"


def _asset(call: Call) -> tuple[Document, Document]:
    for release in listed(call):
        for asset in release["assets"]:
            if str(asset["id"]) == call.parameters["asset_id"]:
                return release, asset
    raise not_found()


def list_assets(call: Call) -> Listing:
    """List the files of a release."""
    release = _release(call)
    return Listing(release["assets"], partial(show_asset, call, release))


def get_asset(call: Call) -> Answer:
    """Show a file of a release, or send it where ``application/octet-stream`` is accepted."""
    release, asset = _asset(call)
    if "application/octet-stream" not in call.request.headers.get("accept", ""):
        return Answer(show_asset(call, release, asset))
    asset["download_count"] += 1
    call.tx.put(RELEASES, f"{call.repository['id']}/{release['id']:012}", release)
    return Answer(raw=(asset["content_type"], call.tx.get_blob(_blob(call, asset["id"])) or b""))


def change_asset(call: Call) -> Answer:
    """Change the name or label of a file."""
    wanted, (release, asset) = call.body({"name": TEXT, "label": TEXT}), _asset(call)
    asset |= {**wanted, "updated_at": call.stamp}
    call.tx.put(RELEASES, f"{call.repository['id']}/{release['id']:012}", release)
    return Answer(show_asset(call, release, asset))


def delete_asset(call: Call) -> Answer:
    """Remove a file of a release."""
    release, asset = _asset(call)
    release["assets"].remove(asset)
    call.tx.delete_blob(_blob(call, asset["id"]))
    call.tx.put(RELEASES, f"{call.repository['id']}/{release['id']:012}", release)
    return NO_CONTENT


def show(call: Call, release: Document) -> dict[str, Any]:
    """Show a release with its files."""
    name = repositories.full_name(call.tx, call.repository)
    own, tag = call.urls.api("repos", name, "releases", release["id"]), release["tag_name"]
    same = ("id", "tag_name", "target_commitish", "name", "body", "draft", "prerelease", "created_at", "published_at")
    balls = {f"{kind}_url": call.urls.api("repos", name, kind, tag) for kind in ("zipball", "tarball")}
    return {
        **{field: release[field] for field in same},
        "node_id": node_id("RE", release["id"]),
        "url": own,
        "html_url": call.urls.web(name, "releases/tag", tag),
        "assets_url": f"{own}/assets",
        "upload_url": f"https://uploads.github.com/repos/{name}/releases/{release['id']}/assets{{?name,label}}",
        **(dict.fromkeys(balls) if release["draft"] else balls),
        "author": simple(call.urls, account_by_id(call.tx, release["author_id"])),
        "assets": [show_asset(call, release, asset) for asset in release["assets"]],
        "immutable": False,
    }


def show_asset(call: Call, release: Document, asset: Document) -> dict[str, Any]:
    """Show a file of a release."""
    name = repositories.full_name(call.tx, call.repository)
    same = ("id", "name", "label", "content_type", "size", "digest", "download_count", "created_at", "updated_at")
    return {
        **{field: asset[field] for field in same},
        "node_id": node_id("RA", asset["id"]),
        "state": "uploaded",
        "url": call.urls.api("repos", name, "releases/assets", asset["id"]),
        "browser_download_url": call.urls.web(name, "releases/download", release["tag_name"], asset["name"]),
        "uploader": simple(call.urls, account_by_id(call.tx, asset["uploader_id"])),
    }


_ALL = "/repos/{owner}/{repo}/releases"
_ONE, _ASSET = f"{_ALL}/{{release_id}}", f"{_ALL}/assets/{{asset_id}}"
_READ, _WRITE = repo_read("contents"), repo_write("contents")
_DOCS, _ASSET_DOCS = "releases/releases", "releases/assets"
ROUTES = (
    route("GET", _ALL, _READ, list_releases, _DOCS),
    route("POST", _ALL, _WRITE, create, f"{_DOCS}#create-a-release"),
    route("POST", f"{_ALL}/generate-notes", _WRITE, generate_notes, _DOCS),
    route("GET", f"{_ALL}/latest", _READ, get_latest, _DOCS),
    route("GET", f"{_ALL}/tags/{{tag+}}", _READ, get_by_tag, _DOCS),
    route("GET", _ASSET, _READ, get_asset, _ASSET_DOCS),
    route("PATCH", _ASSET, _WRITE, change_asset, _ASSET_DOCS),
    route("DELETE", _ASSET, _WRITE, delete_asset, _ASSET_DOCS),
    route("GET", _ONE, _READ, get, _DOCS),
    route("PATCH", _ONE, _WRITE, change_release, _DOCS),
    route("DELETE", _ONE, _WRITE, delete, _DOCS),
    route("GET", f"{_ONE}/assets", _READ, list_assets, _ASSET_DOCS),
    route("POST", f"{_ONE}/assets", _WRITE, upload, _ASSET_DOCS),
)
