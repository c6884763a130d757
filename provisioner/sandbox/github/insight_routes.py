"""What is known of a repository without being stored: languages, contributors, owners' errors; and search.

Languages are told by extension, as bytes per language. Search understands the qualifiers that are listed in ``_TESTS``
and refuses others by name.
https://docs.github.com/rest/search/search
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from provisioner.sandbox.github import code_owners, commits, issues, pull_views, pulls, repositories
from provisioner.sandbox.github.access import caller_role
from provisioner.sandbox.github.accounts import account_by_id, find_account, simple
from provisioner.sandbox.github.call import NO_CONTENT, Answer, Call, Listing
from provisioner.sandbox.github.commits import git_of
from provisioner.sandbox.github.errors import NotImplementedHere, invalid
from provisioner.sandbox.github.repository_views import show
from provisioner.sandbox.github.routing import ANYONE, repo_read, repo_write, route
from provisioner.sandbox.store import Document

_LANGUAGES: Mapping[str, str] = {
    "py": "Python",
    "tf": "HCL",
    "hcl": "HCL",
    "go": "Go",
    "rs": "Rust",
    "js": "JavaScript",
    "ts": "TypeScript",
    "sh": "Shell",
    "java": "Java",
    "rb": "Ruby",
    "c": "C",
    "cpp": "C++",
    "cs": "C#",
    "html": "HTML",
    "css": "CSS",
    "jinja": "Jinja",
    "ipynb": "Jupyter Notebook",
    "sql": "PLpgSQL",
    "kt": "Kotlin",
    "scala": "Scala",
}


def languages(call: Call) -> Answer:
    """Count bytes per language on the default branch."""
    git, counted = git_of(call), Counter[str]()
    tip = commits.branch_tip(call, call.repository, call.repository["default_branch"])
    for row in git.text("ls-tree", "-r", "-l", "-z", tip).split("\0") if tip else ():
        head, _, path = row.partition("\t")
        name = path.rpartition("/")[2]
        language = "Dockerfile" if name == "Dockerfile" else "Makefile" if name == "Makefile" else None
        language = language or _LANGUAGES.get(name.rpartition(".")[2])
        if language:
            counted[language] += int(head.split()[3])
    return Answer(dict(counted.most_common()))


def contributors(call: Call) -> Answer | Listing:
    """List who wrote the commits of the default branch, most first; 204 in an empty repository."""
    git, branch = git_of(call), call.repository["default_branch"]
    tip = commits.branch_tip(call, call.repository, branch)
    if tip is None:
        return NO_CONTENT
    counted = Counter((row.author["email"], row.author["name"]) for row in commits.read(git, tip))
    rows = [(commits.account_of(call, email), name, email, count) for (email, name), count in counted.most_common()]
    anonymous = call.query("anon") in {"1", "true"}
    return Listing([row for row in rows if row[0] or anonymous], _contributor)


def _contributor(row: tuple[dict[str, Any] | None, str, str, int]) -> dict[str, Any]:
    account, name, email, count = row
    return {**(account or {"type": "Anonymous", "name": name, "email": email}), "contributions": count}


def owners_errors(call: Call) -> Answer:
    """List what is wrong in CODEOWNERS: owners that do not exist or have no write access."""
    git = git_of(call)
    tip = commits.require_commit(git, call.query("ref") or call.repository["default_branch"])
    path, rules = code_owners.read(git, tip)
    found = [
        _owner_error(path, line, owner)
        for line in rules
        for owner in line.owners
        if not code_owners.people_of(call.tx, call.repository, owner)
    ]
    return Answer({"errors": found})


def _owner_error(path: str, line: code_owners.Line, owner: str) -> dict[str, Any]:
    source = " ".join((line.pattern, *line.owners))
    why = f"make sure {owner} exists and has write access to the repository"
    return {
        "line": line.number,
        "column": source.index(owner) + 1,
        "kind": "Unknown owner",
        "source": source,
        "suggestion": why,
        "message": f"Unknown owner on line {line.number}: {why}\n\n  {source}\n",
        "path": path,
    }


def pulls_of_commit(call: Call) -> Listing:
    """List the pull requests that brought a commit, or would."""
    git = git_of(call)
    sha = commits.require_commit(git, call.parameters["commit_sha"])
    rows = []
    for pull in pulls.listed(call):
        base, head = pulls.tips(git, pull)
        brought = git.text("rev-list", f"{base}..{head}").split()
        if sha in (*brought, pull.record["merge_commit_sha"]):
            rows.append(pull)
    return Listing(rows, partial(pull_views.show, call))


def reporting(call: Call, *, on: bool | None) -> Answer:
    """Show, turn on or turn off private vulnerability reporting."""
    if on is None:
        return Answer({"enabled": bool(call.repository.get("private_reporting"))})
    repositories.put(call.tx, call.repository | {"private_reporting": on})
    return NO_CONTENT


def _terms(call: Call) -> tuple[list[str], list[tuple[str, str]]]:
    text = call.query("q")
    if not text:
        raise invalid("Search", "q", "missing")
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    plain = [word.lower() for word in words if ":" not in word]
    named = [(name, value) for name, _, value in (word.partition(":") for word in words if ":" in word)]
    return plain, named


Test = Callable[[Call, Document, str], bool]


def _owner_is(call: Call, row: Document, value: str) -> bool:
    return bool(account_by_id(call.tx, row["owner_id"])["login"].lower() == value.lower())


_TESTS: Mapping[str, Test] = {
    "org": _owner_is,
    "user": _owner_is,
    "repo": lambda call, row, value: repositories.full_name(call.tx, row).lower() == value.lower(),
    "topic": lambda _call, row, value: value.lower() in row["topics"],
    "archived": lambda _call, row, value: row["archived"] is (value == "true"),
    "is": lambda _call, row, value: value in {row["visibility"], "repo"},
    "fork": lambda _call, row, value: value in {"true", "only"} or not row.get("parent_id"),
    "in": lambda _call, _row, _value: True,
}


def search_repositories(call: Call) -> Listing:
    """Search repositories by words in name and description, owner, topic, visibility."""
    plain, named = _terms(call)
    rows = [(row, caller_role(call.tx, call.caller, row)) for row in repositories.every(call.tx)]
    seen = [row for row, role in rows if role and _says(plain, row["name"], row["description"])]
    for name, value in named:
        if name not in _TESTS:
            raise NotImplementedHere(f"the search qualifier {name}:")
        seen = [row for row in seen if _TESTS[name](call, row, value)]
    if not any(name == "fork" for name, _ in named):
        seen = [row for row in seen if not row.get("parent_id")]
    return Listing(seen, partial(_found, call), "items", {"incomplete_results": False})


def _says(plain: list[str], *texts: str | None) -> bool:
    whole = " ".join(text.lower() for text in texts if text)
    return all(word in whole for word in plain)


def _found(call: Call, row: Document) -> dict[str, Any]:
    return {**show(call, row, caller_role(call.tx, call.caller, row)), "score": 1.0}


_ISSUE_TESTS: Mapping[str, Test] = {
    "is": lambda _call, row, value: value in {row["state"], "pr" if row["pull"] else "issue"},
    "type": lambda _call, row, value: value == ("pr" if row["pull"] else "issue"),
    "state": lambda _call, row, value: value == row["state"],
    "author": lambda call, row, value: _is_person(call, row["user_id"], value),
    "assignee": lambda call, row, value: any(_is_person(call, one, value) for one in row.get("assignees", ())),
    "label": lambda call, row, value: value.lower() in {one["name"].lower() for one in issues.labels_of(call, row)},
    "in": lambda _call, _row, _value: True,
}


def _is_person(call: Call, number: int, login: str) -> bool:
    account = find_account(call.tx, login)
    return account is not None and account["id"] == number


def search_issues(call: Call) -> Listing:
    """Search issues and pull requests by words in title and body, state, people, labels and repository."""
    plain, named = _terms(call)
    places = [(name, value) for name, value in named if name in {"org", "user", "repo"}]
    rows: list[tuple[Call, Document]] = []
    for repository in repositories.every(call.tx):
        role = caller_role(call.tx, call.caller, repository)
        if role and all(_TESTS[name](call, repository, value) for name, value in places):
            there = replace(call, repository=repository, role=role)
            rows += [(there, issue) for issue in issues.listed(there) if _says(plain, issue["title"], issue["body"])]
    for name, value in named:
        if name not in {*_ISSUE_TESTS, "org", "user", "repo"}:
            raise NotImplementedHere(f"the search qualifier {name}:")
        if name in _ISSUE_TESTS:
            rows = [(there, row) for there, row in rows if _ISSUE_TESTS[name](there, row, value)]
    return Listing(rows, _found_issue, "items", {"incomplete_results": False, "search_type": "lexical"})


def _found_issue(pair: tuple[Call, Document]) -> dict[str, Any]:
    return {**issues.show(*pair), "score": 1.0}


def search_users(call: Call) -> Listing:
    """Search accounts by their login."""
    plain, _ = _terms(call)
    rows = [row for _, row in call.tx.scan("github/accounts") if _says(plain, row["login"])]
    return Listing(rows, lambda row: {**simple(call.urls, row), "score": 1.0}, "items", {"incomplete_results": False})


_REPO = "/repos/{owner}/{repo}"
_REPORTING = f"{_REPO}/private-vulnerability-reporting"
_ADMIN = repo_write("administration", "admin")
ROUTES = (
    route("GET", f"{_REPO}/languages", repo_read(), languages, "repos/repos#list-repository-languages"),
    route("GET", f"{_REPO}/contributors", repo_read(), contributors, "repos/repos#list-repository-contributors"),
    route("GET", f"{_REPO}/codeowners/errors", repo_read("contents"), owners_errors, "repos/repos"),
    route(
        "GET", f"{_REPO}/commits/{{commit_sha}}/pulls", repo_read("pull_requests"), pulls_of_commit, "commits/commits"
    ),
    route("GET", _REPORTING, repo_read("administration", "admin"), partial(reporting, on=None), "repos/repos"),
    route("PUT", _REPORTING, _ADMIN, partial(reporting, on=True), "repos/repos"),
    route("DELETE", _REPORTING, _ADMIN, partial(reporting, on=False), "repos/repos"),
    route("GET", "/search/repositories", ANYONE, search_repositories, "search/search#search-repositories"),
    route("GET", "/search/issues", ANYONE, search_issues, "search/search#search-issues-and-pull-requests"),
    route("GET", "/search/users", ANYONE, search_users, "search/search#search-users"),
)
