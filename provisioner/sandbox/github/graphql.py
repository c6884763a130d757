"""GraphQL at /graphql: the operations that GitHub's own command line needs, answered through the REST handlers.

A field, object or mutation that is not played is a 501 that names it and the operation. Permissions, rules and errors
are those of the REST routes behind a field.
https://docs.github.com/graphql
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from provisioner.sandbox.github import graphql_syntax, issues, repositories
from provisioner.sandbox.github.accounts import account_by_id
from provisioner.sandbox.github.call import Answer, Call, Listing
from provisioner.sandbox.github.errors import GithubError, NotImplementedHere, not_found
from provisioner.sandbox.github.graphql_nodes import Node
from provisioner.sandbox.github.graphql_syntax import Selection, SyntaxProblem, Variable
from provisioner.sandbox.github.graphql_types import mutations, queries
from provisioner.sandbox.github.replies import rendered
from provisioner.sandbox.github.routing import KNOWN, route
from provisioner.sandbox.github.shapes import Field, text

_REQUEST = {
    "query": text(required=True),
    "variables": Field("object", nullable=True),
    "operationName": text(nullable=True),
}
_KINDS = {404: "NOT_FOUND", 403: "FORBIDDEN", 422: "UNPROCESSABLE"}


def serve(call: Call) -> Answer:
    """Answer one operation; what is refused of it is told in ``errors`` beside the rest."""
    wanted = call.body(_REQUEST)
    try:
        document = graphql_syntax.parse(wanted["query"])
        operation = document.operation(wanted.get("operationName") or "")
    except SyntaxProblem as problem:
        return Answer({"errors": [{"message": f"Parse error: {problem}"}]})
    run = _Run(document, {**operation.defaults, **(wanted.get("variables") or {})}, operation.name or operation.kind)
    rest = _Rest(call)
    root = Node("Mutation", mutations(rest)) if operation.kind == "mutation" else Node("Query", queries(rest))
    data = run.selected(root, operation.selections, ())
    if run.errors and operation.kind == "mutation":
        raise _RefusedMutation(data, run.errors)
    return Answer({"data": data, **({"errors": run.errors} if run.errors else {})})


class _RefusedMutation(GithubError):
    """A mutation that was refused: answered with 200, and raised so that nothing of it stays."""

    def __init__(self, data: dict[str, Any], errors: list[dict[str, Any]]) -> None:
        super().__init__(HTTPStatus.OK, errors[0]["message"])
        self._answer = {"data": data, "errors": errors}

    def document(self, documentation_url: str) -> dict[str, Any]:  # noqa: ARG002 - GraphQL names no page
        """Return data and errors."""
        return self._answer


class _Rest:
    """The REST API within the request: the same caller, the same transaction."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def __call__(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - a document of the API
        """Return the document of a route, lists whole."""
        from provisioner.sandbox.github import dispatch  # noqa: PLC0415 - its table of routes has this module in it

        place, _, query = path.partition("?")
        content = b"" if body is None else json.dumps(body).encode()
        request = replace(self._call.request, method=method, path=place, query=query, body=content)
        found, parameters = dispatch.find_route(method, place)
        result = dispatch.perform(replace(self._call, request=request, parameters=parameters), found)
        return rendered(result.render, [*result.items]) if isinstance(result, Listing) else result.document

    def account(self, number: int) -> tuple[str, str]:
        """Return login and type of an account."""
        found = account_by_id(self._call.tx, number)
        return found["login"], found["type"]

    def repository(self, number: int) -> str:
        """Return the full name of a repository."""
        found = repositories.by_id(self._call.tx, number)
        if found is None:
            raise not_found()
        return repositories.full_name(self._call.tx, found)

    def pull(self, number: int) -> tuple[str, int]:
        """Return where a pull request is."""
        for key, issue in self._call.tx.scan(issues.ISSUES):
            if issue["pull"] and issue["id"] == number:
                return self.repository(int(key.partition("/")[0])), int(issue["number"])
        raise not_found()


class _Run:
    def __init__(self, document: graphql_syntax.Document, variables: Mapping[str, Any], operation: str) -> None:
        self._fragments = document.fragments
        self._variables = variables
        self._operation = operation
        self.errors: list[dict[str, Any]] = []

    def selected(self, node: Node, selections: tuple[Selection, ...], path: tuple[str | int, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for one in selections:
            if not self._wanted(one):
                continue
            if one.name:
                here = (*path, one.alias)
                found[one.alias] = self._field(node, one, here)
                continue
            inner = self._fragment(one)
            if inner.on in {"", node.type, *node.interfaces}:
                found |= self.selected(node, inner.selections, path)
        return found

    def _fragment(self, one: Selection) -> Selection:
        if not one.fragment:
            return one
        if one.fragment not in self._fragments:
            raise NotImplementedHere(f"the GraphQL operation {self._operation}: fragment {one.fragment} is not defined")
        return self._fragments[one.fragment]

    def _wanted(self, one: Selection) -> bool:
        given = {name: bool(self._given(value)) for name, value in one.directives}
        return given.get("include", True) and not given.get("skip", False)

    def _given(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, Variable):
            return self._variables.get(value.name)
        if isinstance(value, list):
            return [self._given(item) for item in value]
        return {name: self._given(item) for name, item in value.items()} if isinstance(value, dict) else value

    def _field(self, node: Node, one: Selection, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - any JSON
        if one.name == "__typename":
            return node.type
        if one.name not in node.fields:
            raise NotImplementedHere(f"the GraphQL operation {self._operation}: field {node.type}.{one.name}")
        value = node.fields[one.name]
        try:
            if callable(value):
                resolve: Callable[[dict[str, Any]], Any] = value
                value = resolve({name: self._given(item) for name, item in one.arguments.items()})
        except NotImplementedHere:
            raise
        except GithubError as refused:
            self.errors.append(_told(refused, path))
            return None
        return self._shown(value, one, path)

    def _shown(self, value: Any, one: Selection, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, Node):
            return self.selected(value, one.selections, path)
        if isinstance(value, list):
            return [self._shown(item, one, (*path, index)) for index, item in enumerate(value)]
        return value


def _told(refused: GithubError, path: tuple[str | int, ...]) -> dict[str, Any]:
    said = [error["message"] for error in refused.errors if isinstance(error, Mapping) and error.get("message")]
    kind = _KINDS.get(refused.status, "UNPROCESSABLE")
    return {"type": kind, "path": [*path], "message": "; ".join(said) or refused.message}


ROUTES = (route("POST", "/graphql", KNOWN, serve),)
