"""Git data over REST: references, commits, trees, blobs, tag objects.

https://docs.github.com/rest/git
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from provisioner.sandbox.github import commits, repositories
from provisioner.sandbox.github.bare import NO_OBJECT, GitRefused, Repository
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.commit_writing import Draft, write_blob, write_commit
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import conflict, not_found, unprocessable
from provisioner.sandbox.github.identifiers import node_id
from provisioner.sandbox.github.push_facts import is_ancestor
from provisioner.sandbox.github.ref_changes import change
from provisioner.sandbox.github.routing import repo_read, repo_write, route
from provisioner.sandbox.github.shapes import FLAG, TEXT, TEXTS, Field, text

_MODES = ("100644", "100755", "040000", "160000", "120000")
_ENTRY = {
    "path": TEXT,
    "mode": text(enum=_MODES),
    "type": text(enum=("blob", "tree", "commit")),
    "sha": text(nullable=True),
    "content": TEXT,
}
_TREE = {"tree": Field("array", required=True, items=Field("object", members=_ENTRY)), "base_tree": TEXT}
PERSON = Field("object", members={"name": text(required=True), "email": text(required=True), "date": TEXT})
_COMMIT = {
    "message": text(required=True),
    "tree": text(required=True),
    "parents": TEXTS,
    "author": PERSON,
    "committer": PERSON,
}


def list_refs(call: Call) -> Listing:
    """List the references that start with a prefix."""
    wanted = f"refs/{call.parameters['ref']}"
    refs = git_of(call).refs()
    return Listing([(ref, sha) for ref, sha in refs.items() if ref.startswith(wanted)], lambda row: _ref(call, *row))


def get_ref(call: Call) -> Answer:
    """Show one reference."""
    ref = f"refs/{call.parameters['ref']}"
    refs = git_of(call).refs()
    if ref not in refs:
        raise conflict("Git Repository is empty.") if not refs else not_found()
    return Answer(_ref(call, ref, refs[ref]))


def _ref(call: Call, ref: str, sha: str) -> dict[str, Any]:
    kind = git_of(call).text("cat-file", "-t", sha)
    own = ("repos", repositories.full_name(call.tx, call.repository), "git")
    return {
        "ref": ref,
        "node_id": node_id("REF", int(sha[:8], 16)),
        "url": call.urls.api(*own, ref),
        "object": {"sha": sha, "type": kind, "url": call.urls.api(*own, f"{kind}s", sha)},
    }


def create_ref(call: Call) -> Answer:
    """Make a reference to an existing object."""
    wanted, git = call.body({"ref": text(required=True), "sha": text(required=True)}), git_of(call)
    ref, sha = wanted["ref"], wanted["sha"]
    if not git.refs():
        raise conflict("Git Repository is empty.")
    if not ref.startswith("refs/") or ref.count("/") < 2 or not _well_formed(git, ref):  # noqa: PLR2004 - refs/x/y
        raise unprocessable(f"{ref} is not a valid ref name.")
    if ref in git.refs():
        raise unprocessable("Reference already exists")
    if git.resolve(sha, "object") is None:
        raise unprocessable("Object does not exist")
    change(call, ref, sha)
    shown = _ref(call, ref, sha)
    return Answer(shown, 201, (("Location", shown["url"]),))


def _well_formed(git: Repository, ref: str) -> bool:
    try:
        git.run("check-ref-format", ref)
    except GitRefused:
        return False
    return True


def change_ref(call: Call) -> Answer:
    """Move a reference; without ``force`` only forward."""
    wanted, git = call.body({"sha": text(required=True), "force": FLAG}), git_of(call)
    ref, old = f"refs/{call.parameters['ref']}", git_of(call).refs().get(f"refs/{call.parameters['ref']}")
    if old is None:
        raise unprocessable("Reference does not exist")
    if git.resolve(wanted["sha"], "object") is None:
        raise unprocessable("Object does not exist")
    if not wanted.get("force") and not is_ancestor(git, old, wanted["sha"]):
        raise unprocessable("Update is not a fast forward")
    change(call, ref, wanted["sha"])
    return Answer(_ref(call, ref, wanted["sha"]))


def delete_ref(call: Call) -> Answer:
    """Remove a reference; the default branch stays."""
    ref = f"refs/{call.parameters['ref']}"
    if ref not in git_of(call).refs():
        raise unprocessable("Reference does not exist")
    if ref == f"refs/heads/{call.repository['default_branch']}":
        raise unprocessable("Cannot delete the default branch")
    change(call, ref, None)
    return NO_CONTENT


def get_commit(call: Call) -> Answer:
    """Show a commit object."""
    git = git_of(call)
    sha = git.resolve(call.parameters["commit_sha"])
    if sha is None:
        raise not_found()
    return Answer(commits.show_git(call, commits.read(git, sha, most=1)[0]))


def create_commit(call: Call) -> Answer:
    """Write a commit object that no reference names yet."""
    wanted, git = call.body(_COMMIT), git_of(call)
    if git.resolve(wanted["tree"], "tree") is None:
        raise unprocessable("Tree SHA does not exist")
    parents = tuple(wanted.get("parents", ()))
    if any(git.resolve(parent) is None for parent in parents):
        raise unprocessable("Parent SHA does not exist or is not a commit object")
    people: dict[str, Any] = {name: wanted[name] for name in ("author", "committer") if name in wanted}
    sha = write_commit(call, git, Draft(wanted["tree"], parents, wanted["message"], people))
    shown = commits.show_git(call, commits.read(git, sha, most=1)[0])
    return Answer(shown, 201, (("Location", shown["url"]),))


def get_tree(call: Call) -> Answer:
    """Show a tree, with all below it when ``recursive`` is set."""
    git = git_of(call)
    sha = git.resolve(call.parameters["tree_sha"], "tree")
    if sha is None:
        raise conflict("Git Repository is empty.") if not git.refs() else not_found()
    return Answer(_tree(call, git, sha, recursive="recursive" in dict(call.request.query_pairs())))


def _tree(call: Call, git: Repository, sha: str, *, recursive: bool) -> dict[str, Any]:
    options = ("-r", "-t") if recursive else ()
    rows = git.text("ls-tree", "-l", "-z", *options, sha).split("\0")
    own = ("repos", repositories.full_name(call.tx, call.repository), "git")
    entries = []
    for row in filter(None, rows):
        head, _, path = row.partition("\t")
        mode, kind, number, size = head.split()
        entry = {"path": path, "mode": mode, "type": kind, "sha": number}
        sized = {} if size == "-" else {"size": int(size)}
        entries.append({**entry, **sized, "url": call.urls.api(*own, f"{kind}s", number)})
    return {"sha": sha, "url": call.urls.api(*own, "trees", sha), "tree": entries, "truncated": False}


def create_tree(call: Call) -> Answer:
    """Write a tree: entries over ``base_tree``; an entry whose sha is null takes a path away."""
    wanted, git = call.body(_TREE), git_of(call)
    base = wanted.get("base_tree")
    if base is not None and git.resolve(base, "tree") is None:
        raise unprocessable("base_tree is not a valid tree oid")
    sha = written_tree(git, base, [_line(git, entry) for entry in wanted["tree"]])
    return Answer(_tree(call, git, sha, recursive=False), 201)


def _line(git: Repository, entry: dict[str, Any]) -> str:
    path, mode = entry.get("path"), entry.get("mode")
    if not path or path.startswith("/") or ".." in path.split("/") or ".git" in path.split("/"):
        raise unprocessable("tree.path contains a malformed path component")
    if "content" in entry:
        return f"{mode or '100644'} blob {write_blob(git, entry['content'].encode())}\t{path}"
    if "sha" not in entry:
        raise unprocessable("Must supply either tree.sha or tree.content")
    if entry["sha"] is None:
        return f"0 {NO_OBJECT}\t{path}"
    if git.resolve(entry["sha"], "object") is None:
        raise unprocessable(f"tree.sha {entry['sha']} is not a valid {entry.get('type', 'blob')}")
    return f"{mode or '100644'} {entry.get('type', 'blob')} {entry['sha']}\t{path}"


def written_tree(git: Repository, base: str | None, lines: list[str]) -> str:
    """Write the tree that index lines make over a base tree, through an index of its own."""
    index = {"GIT_INDEX_FILE": str(git.folder / "index.api")}
    (git.folder / "index.api").unlink(missing_ok=True)
    try:
        git.run("read-tree", *((base,) if base else ("--empty",)), more=index)
        entries = [entry for line in lines for entry in _unfolded(git, base, line)]
        git.run("update-index", "-z", "--index-info", data="".join(f"{e}\0" for e in entries).encode(), more=index)
        return git.text("write-tree", more=index)
    except GitRefused as problem:
        raise unprocessable(f"The tree cannot be written: {problem}") from None
    finally:
        (git.folder / "index.api").unlink(missing_ok=True)


def _unfolded(git: Repository, base: str | None, line: str) -> list[str]:
    """Return a line as the index takes it: a folder as its files, in place of what the base has there."""
    head, _, path = line.partition("\t")
    if not line.startswith("040000 "):
        return [line]
    before = git.text("ls-tree", "-r", "-z", "--name-only", "--", base, f"{path}/").split("\0") if base else []
    files = git.text("ls-tree", "-r", "-z", "--", head.split()[2]).split("\0")
    inside = [file.split("\t", 1) for file in files if file]
    removed = [f"0 {NO_OBJECT}\t{name}" for name in before if name]
    return [*removed, *(f"{about}\t{path}/{name}" for about, name in inside)]


def get_blob(call: Call) -> Answer:
    """Show a file's content in base64."""
    git, sha = git_of(call), call.parameters["file_sha"]
    if git.resolve(sha, "blob") is None:
        raise not_found()
    content = git.run("cat-file", "blob", sha)
    shown = {"content": base64.encodebytes(content).decode(), "encoding": "base64", "size": len(content)}
    return Answer({**_blob(call, sha), **shown, "node_id": node_id("B", int(sha[:8], 16))})


def create_blob(call: Call) -> Answer:
    """Keep a file's content."""
    wanted = call.body({"content": text(required=True), "encoding": text(enum=("utf-8", "base64"))})
    content = wanted["content"].encode()
    if wanted.get("encoding") == "base64":
        content = decoded(wanted["content"])
    shown = _blob(call, write_blob(git_of(call), content))
    return Answer(shown, 201, (("Location", shown["url"]),))


def decoded(content: str) -> bytes:
    """Decode base64 as GitHub does, line breaks allowed. Raises GithubError (422)."""
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        raise unprocessable("content is not valid Base64") from None


def _blob(call: Call, sha: str) -> dict[str, str]:
    name = repositories.full_name(call.tx, call.repository)
    return {"sha": sha, "url": call.urls.api("repos", name, "git/blobs", sha)}


_GIT = "/repos/{owner}/{repo}/git"
_READ, _WRITE = repo_read("contents"), repo_write("contents")
ROUTES = (
    route("GET", f"{_GIT}/ref/{{ref+}}", _READ, get_ref, "git/refs#get-a-reference"),
    route("GET", f"{_GIT}/matching-refs/{{ref+}}", _READ, list_refs, "git/refs#list-matching-references"),
    route("POST", f"{_GIT}/refs", _WRITE, create_ref, "git/refs#create-a-reference"),
    route("PATCH", f"{_GIT}/refs/{{ref+}}", _WRITE, change_ref, "git/refs#update-a-reference"),
    route("DELETE", f"{_GIT}/refs/{{ref+}}", _WRITE, delete_ref, "git/refs#delete-a-reference"),
    route("POST", f"{_GIT}/commits", _WRITE, create_commit, "git/commits#create-a-commit"),
    route("GET", f"{_GIT}/commits/{{commit_sha}}", _READ, get_commit, "git/commits#get-a-commit-object"),
    route("POST", f"{_GIT}/trees", _WRITE, create_tree, "git/trees#create-a-tree"),
    route("GET", f"{_GIT}/trees/{{tree_sha+}}", _READ, get_tree, "git/trees#get-a-tree"),
    route("POST", f"{_GIT}/blobs", _WRITE, create_blob, "git/blobs#create-a-blob"),
    route("GET", f"{_GIT}/blobs/{{file_sha}}", _READ, get_blob, "git/blobs#get-a-blob"),
)
