"""The pages under ``/look/`` of the control listener: what a request sees and what a form changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from provisioner.errors import ProvisionError
from provisioner.sandbox.control.faults import FaultPlan
from provisioner.sandbox.control.journal import Journal
from provisioner.sandbox.control.kinds import KINDS, WHENS
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.look import access, curl, facts
from provisioner.sandbox.look.entrance import COOKIE, Entrance, same
from provisioner.sandbox.look.pages import Pages, to
from provisioner.sandbox.world import World

Context = dict[str, Any]
PREFIX = "/look"
_NAMES = frozenset(("127.0.0.1", "localhost"))
_FILTERS = ("text", "host", "method", "status")
_SHOWN = "100"


class LookApplication:
    """An ``Application``; nothing but the style sheet is shown to who has no visit."""

    def __init__(self, world: World, journal: Journal, faults: FaultPlan, entrance: Entrance) -> None:
        self._world = world
        self._journal = journal
        self._faults = faults
        self._entrance = entrance
        self._pages = Pages()
        self._views: Mapping[str, Callable[[Request], tuple[str, Context]]] = {
            "": self._projects,
            "project": self._project,
            "repositories": self._repositories,
            "requests": self._requests,
            "controls": self._controls,
        }
        self._acts: Mapping[str, Callable[[Mapping[str, str]], None]] = {
            "clock": self._advance,
            "faults/add": self._add_fault,
            "faults/remove": self._remove_fault,
        }

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        name = unquote(request.path).removeprefix(PREFIX).strip("/")
        if name == "look.css":
            return self._pages.style()
        # Another name for this address (DNS rebinding) is another site's doing.
        if request.host not in _NAMES:
            return self._message(HTTPStatus.MISDIRECTED_REQUEST, "Open this page under the address it was given with.")
        if name == "enter":
            return self._enter(request)
        secret = self._entrance.form_secret(request.headers)
        if secret is None:
            return self._message(HTTPStatus.UNAUTHORIZED, "Open it with: provision-env sandbox ui")
        if request.method == "POST":
            return self._act(request, name, secret)
        return self._show(request, name, secret)

    def _enter(self, request: Request) -> Response:
        visit = self._entrance.admit(dict(request.query_pairs()).get("ticket", ""))
        if visit is None:
            return self._message(
                HTTPStatus.UNAUTHORIZED,
                "This address was good for one visit. Ask for another: provision-env sandbox ui",
            )
        return to(f"{PREFIX}/", ("Set-Cookie", f"{COOKIE}={visit}; Path={PREFIX}; HttpOnly; SameSite=Strict"))

    def _show(self, request: Request, name: str, secret: str, problem: str = "", status: int = 200) -> Response:
        view = self._views.get(name)
        if view is None or request.method not in {"GET", "HEAD", "POST"}:
            return self._message(HTTPStatus.NOT_FOUND, "There is no such page.")
        try:
            template, context = view(request)
        except LookupError as error:
            return self._message(HTTPStatus.NOT_FOUND, str(error.args[0]))
        now = self._world.clock.now().isoformat(sep=" ", timespec="seconds")
        frame = {"here": name, "now": now, "secret": secret, "problem": problem}
        return self._pages.page(template, context | frame, status)

    def _act(self, request: Request, name: str, secret: str) -> Response:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        origin = request.headers.get("origin", "")
        if not same(form.pop("secret", ""), secret) or (origin and urlsplit(origin).hostname not in _NAMES):
            return self._message(HTTPStatus.FORBIDDEN, "This form is not of this visit. Load the page again.")
        act = self._acts.get(name)
        if act is None:
            return self._message(HTTPStatus.NOT_FOUND, "There is no such form.")
        try:
            act(form)
        except (ProvisionError, ValueError) as error:
            return self._show(request, "controls", secret, str(error), HTTPStatus.UNPROCESSABLE_ENTITY)
        return to(f"{PREFIX}/controls")

    def _message(self, status: int, text: str) -> Response:
        return self._pages.page("message", {"text": text, "status": status}, status)

    def _projects(self, request: Request) -> tuple[str, Context]:
        del request
        with self._world.store.transaction() as tx:
            return "projects", {"projects": facts.projects(tx)}

    def _project(self, request: Request) -> tuple[str, Context]:
        asked = dict(request.query_pairs())
        member, permission = asked.get("member", "").strip(), asked.get("permission", "").strip()
        with self._world.store.transaction() as tx:
            owner = facts.project(tx, asked.get("id", ""))
            if owner is None:
                raise LookupError(f"There is no project {asked.get('id', '')!r}.")
            answer = None
            if member and permission:
                answer = access.allowed(tx, owner, member, permission, self._world.clock.now())
            context = {"project": owner, "kinds": facts.kinds(tx, owner), "grants": access.grants(tx, owner)}
        return "project", context | {"member": member, "permission": permission, "answer": answer}

    def _repositories(self, request: Request) -> tuple[str, Context]:
        del request
        with self._world.store.transaction() as tx:
            return "repositories", {"repositories": facts.repositories(tx)}

    def _requests(self, request: Request) -> tuple[str, Context]:
        asked = {name: value.strip() for name, value in request.query_pairs() if name in _FILTERS and value.strip()}
        wanted = {name: value for name, value in asked.items() if name != "status" or value.isdigit()}
        found = self._journal.search(wanted | {"limit": _SHOWN})[::-1]
        entries = [entry | {"curl": curl.command(entry)} for entry in found]
        context = {"entries": entries, "asked": {name: asked.get(name, "") for name in _FILTERS}}
        return "requests", context | {"total": self._journal.total, "query": urlencode(asked)}

    def _controls(self, request: Request) -> tuple[str, Context]:
        del request
        settings = sorted(self._world.settings.items())
        return "controls", {"faults": self._faults.describe(), "kinds": KINDS, "whens": WHENS, "settings": settings}

    def _advance(self, form: Mapping[str, str]) -> None:
        self._world.clock.advance(float(form.get("seconds", "")))

    def _add_fault(self, form: Mapping[str, str]) -> None:
        numbers = {name: int(form.get(name) or default) for name, default in (("index", 1), ("status", 503))}
        words = {name: form[name] for name in ("method", "kind", "when") if form.get(name)}
        self._faults.add({**words, **numbers, "seconds": float(form.get("seconds") or 0)})

    def _remove_fault(self, form: Mapping[str, str]) -> None:
        self._faults.remove(int(form.get("number", "")))
