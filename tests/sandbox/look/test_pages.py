"""The pages as a browser gets them: who gets in, what is shown, what a form may change."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from provisioner.sandbox.control.faults import FaultPlan
from provisioner.sandbox.control.journal import Journal
from provisioner.sandbox.control.observed import Observed
from provisioner.sandbox.handle import Handle, ensure
from provisioner.sandbox.http import Request, Response
from provisioner.sandbox.look import curl
from provisioner.sandbox.look.application import LookApplication
from provisioner.sandbox.look.entrance import Entrance
from tests.sandbox.core.cloud import PROJECT, GoogleCloud


@dataclass
class Visitor:
    """A browser without a window: keeps the cookie, reads forms."""

    application: LookApplication
    cookie: str = ""
    seen: list[str] = field(default_factory=list)

    def get(self, place: str, **headers: str) -> Response:
        path, _, query = place.partition("?")
        sent = {"cookie": self.cookie} | headers
        return self._kept(self.application(Request("GET", "127.0.0.1", path, query, sent)))

    def post(self, place: str, form: dict[str, str], **headers: str) -> Response:
        sent = {"cookie": self.cookie, "content-type": "application/x-www-form-urlencoded"} | headers
        return self._kept(self.application(Request("POST", "127.0.0.1", place, "", sent, urlencode(form).encode())))

    def text(self, place: str) -> str:
        answer = self.get(place)
        assert answer.status == 200, answer
        assert isinstance(answer.body, bytes)
        return answer.body.decode()

    def secret(self) -> str:
        found = re.search(r'name="secret" value="([^"]+)"', self.text("/look/controls"))
        assert found
        return found[1]

    def _kept(self, answer: Response) -> Response:
        self.cookie = dict(answer.headers).get("Set-Cookie", self.cookie).partition(";")[0]
        return answer


@dataclass
class House:
    cloud: GoogleCloud
    entrance: Entrance
    faults: FaultPlan
    visitor: Visitor
    moment: list[float]


@pytest.fixture
def house(tmp_path: Path) -> House:
    cloud = GoogleCloud(tmp_path)
    journal, faults, moment = Journal(), FaultPlan(), [0.0]
    observed = Observed(cloud.application, cloud.application.identify, cloud.world, journal, faults)
    cloud.application = observed  # type: ignore[assignment]  # what is asked from here on is in the log
    entrance = Entrance(lambda: moment[0])
    visitor = Visitor(LookApplication(cloud.world, journal, faults, entrance))
    visitor.get(f"/look/enter?ticket={entrance.ticket()}")
    return House(cloud, entrance, faults, visitor, moment)


def test_a_ticket_opens_once_and_only_for_a_while(house: House) -> None:
    stranger = Visitor(house.visitor.application)
    assert stranger.get("/look/").status == 401
    ticket = house.entrance.ticket()
    admitted = stranger.get(f"/look/enter?ticket={ticket}")
    assert (admitted.status, dict(admitted.headers)["Location"]) == (303, "/look/")
    assert "HttpOnly; SameSite=Strict" in dict(admitted.headers)["Set-Cookie"]
    assert stranger.get("/look/").status == 200
    assert Visitor(house.visitor.application).get(f"/look/enter?ticket={ticket}").status == 401
    late = house.entrance.ticket()
    house.moment[0] += 301
    assert Visitor(house.visitor.application).get(f"/look/enter?ticket={late}").status == 401
    assert Visitor(house.visitor.application, "sandbox_look=guess").get("/look/").status == 401
    assert Visitor(house.visitor.application, "a b;;=").get("/look/").status == 401


def test_another_name_for_this_machine_is_refused(house: House) -> None:
    request = Request("GET", "evil.example", "/look/", "", {"cookie": house.visitor.cookie})
    assert house.visitor.application(request).status == 421


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.unlabelled: list[str] = []
        self._in_label = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert tag not in {"script", "style", "img", "iframe"}
        assert not any(name.startswith("on") or name == "style" for name in given)
        self.outside += [str(given[name]) for name in ("href", "src", "action") if "//" in str(given.get(name, ""))]
        self._in_label += tag == "label"
        if tag in {"input", "select"} and given.get("type") != "hidden" and not self._in_label:
            self.unlabelled.append(str(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._in_label -= tag == "label"


@pytest.mark.parametrize("place", ["", "project?id=" + PROJECT, "repositories", "requests", "controls"])
def test_every_page_is_whole_in_itself(house: House, place: str) -> None:
    house.cloud.bucket("acme-data")
    answer = house.visitor.get(f"/look/{place}")
    headers = dict(answer.headers)
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "same-origin")
    assert isinstance(answer.body, bytes)
    text = answer.body.decode()
    links = Links()
    links.feed(text)
    assert (links.outside, links.unlabelled) == ([], [])
    assert '<html lang="en">' in text
    assert 'name="viewport"' in text
    assert house.cloud.operator not in text


def test_a_project_shows_what_is_in_it_and_who_may_what(house: House) -> None:
    house.cloud.bucket("acme-data")
    account = f"iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts"
    enable = f"serviceusage.googleapis.com/v1/projects/{PROJECT}/services/iam.googleapis.com:enable"
    house.cloud.call("POST", enable, {})
    house.cloud.call("POST", account, {"accountId": "robot-one"})
    house.cloud.grant(
        f"cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}", "roles/viewer", "user:ada@example.com"
    )
    assert f'<a href="/look/project?id={PROJECT}">' in house.visitor.text("/look/")
    text = house.visitor.text(f"/look/project?id={PROJECT}")
    for shown in ("acme-data", "robot-one@", "iam.googleapis.com", "user:ada@example.com", "roles/viewer"):
        assert shown in text
    ask = f"/look/project?id={PROJECT}&member=user:ada@example.com&permission="
    assert "<strong>may</strong> resourcemanager.projects.get" in house.visitor.text(
        ask + "resourcemanager.projects.get"
    )
    assert "<strong>may not</strong>" in house.visitor.text(ask + "resourcemanager.projects.delete")
    missing = house.visitor.get("/look/project?id=<b>none</b>")
    assert missing.status == 404
    assert b"<b>" not in bytes(missing.body)  # type: ignore[arg-type]


def test_requests_are_shown_filtered_and_can_be_sent_again(house: House) -> None:
    house.cloud.bucket("acme-data")
    house.cloud.call("GET", "storage.googleapis.com/storage/v1/b/acme-<script>")
    everything = house.visitor.text("/look/requests")
    assert "<script>" not in everything
    assert everything.count('class="request"') == 2
    assert house.visitor.text("/look/requests?status=404").count('class="request"') == 1
    assert house.visitor.text("/look/requests?method=post&host=storage.googleapis.com").count('class="request"') == 1
    assert "No request fits" in house.visitor.text("/look/requests?text=nothing-like-it")
    assert house.visitor.get("/look/requests?status=abc&other=1").status == 200
    assert "$GOOGLE_OAUTH_ACCESS_TOKEN" in everything


def test_a_request_written_down_again_has_variables_for_secrets() -> None:
    entry = {"method": "POST", "host": "sts.googleapis.com", "path": "/v1/token", "query": "", "request": ""}
    plain = curl.command(entry)
    assert plain == (
        'curl -sS -X POST https://sts.googleapis.com/v1/token -H "Authorization: Bearer $GOOGLE_OAUTH_ACCESS_TOKEN"'
    )
    hidden = curl.command(entry | {"request": '{"token": "[redacted]", "who": "it\'s me"}'})
    assert hidden.endswith("""--data-raw '{"token": "'"$SECRET"'", "who": "it'"'"'s me"}'""")
    assert curl.command(entry | {"request": "(5 bytes of x)"}).endswith("--data-binary @FILE")
    assert "$GITHUB_TOKEN" in curl.command(entry | {"host": "api.github.com"})


def test_the_clock_and_the_faults_are_changed_by_forms(house: House) -> None:
    secret = house.visitor.secret()
    before = house.cloud.world.clock.now()
    assert house.visitor.post("/look/clock", {"secret": secret, "seconds": "3600"}).status == 303
    assert (house.cloud.world.clock.now() - before).total_seconds() >= 3600
    fault = {"secret": secret, "method": "storage.*", "kind": "delay", "seconds": "0.5", "index": "0"}
    assert house.visitor.post("/look/faults/add", fault).status == 303
    assert "storage.*" in house.visitor.text("/look/controls")
    number = str(house.faults.describe()[0]["number"])
    assert house.visitor.post("/look/faults/remove", {"secret": secret, "number": number}).status == 303
    assert house.faults.describe() == []
    wrong = house.visitor.post("/look/faults/add", fault | {"kind": "explode"})
    assert wrong.status == 422
    assert b'role="alert"' in bytes(wrong.body)  # type: ignore[arg-type]
    assert house.visitor.post("/look/clock", {"secret": secret, "seconds": "soon"}).status == 422
    assert house.visitor.post("/look/clock", {"secret": secret, "seconds": "-1"}).status == 422


def test_a_form_of_another_site_changes_nothing(house: House) -> None:
    secret = house.visitor.secret()
    fault = {"method": "*"}
    assert house.visitor.post("/look/faults/add", fault).status == 403
    assert house.visitor.post("/look/faults/add", fault | {"secret": "guess"}).status == 403
    foreign = house.visitor.post("/look/faults/add", fault | {"secret": secret}, origin="https://evil.example")
    assert foreign.status == 403
    assert house.faults.describe() == []
    assert house.visitor.post("/look/elsewhere", {"secret": secret}).status == 404
    assert house.visitor.get("/look/elsewhere").status == 404


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    handle = ensure(tmp_path_factory.mktemp("look") / "state", idle_seconds=120)
    yield handle
    handle.stop()


@pytest.mark.e2e
def test_the_address_of_a_running_sandbox_opens(running: Handle) -> None:
    address = urlsplit(running.look())
    connection = http.client.HTTPConnection(address.netloc, timeout=20)
    connection.request("GET", f"{address.path}?{address.query}")
    answer = connection.getresponse()
    assert answer.status == 303
    cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]
    answer.read()
    connection.request("GET", "/look/controls", headers={"Cookie": cookie})
    page = connection.getresponse()
    assert page.status == 200
    assert b"Clock and faults" in page.read()
    connection.request("GET", "/_sandbox/status", headers={"Cookie": cookie})
    control = connection.getresponse()
    assert (control.status, json.loads(control.read())) == (401, {"error": "the control token is missing or wrong"})
    connection.close()
