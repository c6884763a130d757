"""HTTP to Google's APIs: authenticated, through the proxy that is given, patient with a busy service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import requests
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession, Request
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from urllib3.util.retry import Retry

from provisioner.cloud.credentials import find_credentials
from provisioner.errors import ProvisionError

_SECONDS = 30
_CONNECTIONS = 16
_MOST_PAGES = 200
_RETRY = Retry(
    total=4,
    connect=1,
    backoff_factor=0.3,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=("GET",),
    raise_on_status=False,
)


class NotAuthenticated(ProvisionError):
    """Google refuses the credentials, or they have expired."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an API said: the HTTP status and its JSON document."""

    status: int
    document: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Tell success."""
        return self.status < HTTPStatus.BAD_REQUEST

    @property
    def message(self) -> str:
        """Return the error's own words, empty for a success."""
        error = self.document.get("error")
        return str(error.get("message", "")) if isinstance(error, Mapping) else str(error or "")

    @property
    def disabled_service(self) -> tuple[str, str] | None:
        """Return (API, project) when the call failed because that API is not enabled in that project.

        Source: google.rpc.ErrorInfo with the reason SERVICE_DISABLED, https://cloud.google.com/apis/design/errors.
        """
        error = self.document.get("error")
        for detail in error.get("details", []) if isinstance(error, Mapping) else []:
            if isinstance(detail, Mapping) and detail.get("reason") == "SERVICE_DISABLED":
                facts = detail.get("metadata", {})
                return str(facts.get("service", "")), str(facts.get("consumer", "")).removeprefix("projects/")
        return None


@dataclass(frozen=True, slots=True)
class Network:
    """The way out: a proxy's URL and a file with certificate authorities.

    What is not given is taken from the process environment, as all other clients do.
    """

    proxy: str | None = None
    authorities: str | None = None

    def configure(self, http: requests.Session) -> None:
        """Send a session this way, with retries of what only reads."""
        if self.proxy:
            http.proxies = {"http": self.proxy, "https": self.proxy}
        if self.authorities:
            http.verify = self.authorities
        if self.proxy or self.authorities:
            http.trust_env = False
        adapter = HTTPAdapter(max_retries=_RETRY, pool_maxsize=_CONNECTIONS)
        http.mount("https://", adapter)
        http.mount("http://", adapter)


@dataclass(frozen=True, slots=True)
class Session:
    """JSON calls with our credentials; may be used by several threads at once."""

    credentials: Credentials
    network: Network = Network()
    _http: requests.Session = field(init=False, repr=False)
    _refreshing: requests.Session = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Open the connection pools: one for calls, one for refreshing the credentials."""
        refreshing = requests.Session()
        self.network.configure(refreshing)
        request = Request(refreshing)
        http = AuthorizedSession(self.credentials, auth_request=request)  # type: ignore[no-untyped-call] # half typed
        self.network.configure(http)
        object.__setattr__(self, "_http", http)
        object.__setattr__(self, "_refreshing", refreshing)

    def call(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Call an API and return what it said, errors included.

        Raises NotAuthenticated when the credentials do not work, ProvisionError when nobody answers.
        """
        try:
            response = self._http.request(method, url, json=body, timeout=_SECONDS)
        except GoogleAuthError as error:
            raise _refused(str(error)) from error
        except RequestException as error:
            raise ProvisionError(
                f"Google Cloud does not answer ({type(error).__name__})", fix="check network and proxy", where=url
            ) from error
        answer = Answer(response.status_code, _document(response))
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise _refused(answer.message)
        return answer

    def refreshed(self) -> Credentials:
        """Return the credentials with a token that is valid now, for Google's own clients. Raises NotAuthenticated."""
        try:
            if not self.credentials.valid:
                self.credentials.refresh(Request(self._refreshing))  # type: ignore[no-untyped-call] # half typed
        except GoogleAuthError as error:
            raise _refused(str(error)) from error
        return self.credentials

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()
        self._refreshing.close()

    def get(self, url: str) -> Answer:
        """Read."""
        return self.call("GET", url)

    def rows(self, url: str, key: str) -> Iterator[Mapping[str, Any]]:
        """Yield the entries of a list over all its pages; ``url`` has a query already.

        What is not found, or may not be seen, has no entries. Raises ProvisionError for other errors.
        """
        token = ""
        for _ in range(_MOST_PAGES):
            answer = self.get(f"{url}&pageToken={token}" if token else url)
            if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}:
                return
            yield from expected(answer, url).document.get(key, [])
            token = str(answer.document.get("nextPageToken", ""))
            if not token:
                return


def open_session(
    token: str | None, file: str | None = None, impersonate: str | None = None, network: Network | None = None
) -> Session:
    """Return a session; see ``find_credentials`` for the parameters and errors."""
    return Session(find_credentials(token, file, impersonate), network or Network())


def expected(answer: Answer, where: str) -> Answer:
    """Return an answer that is no error. Raises ProvisionError with Google's words."""
    if answer.ok:
        return answer
    raise ProvisionError(
        f"Google Cloud answered {answer.status}: {answer.message}", fix="mend what it says and try again", where=where
    )


def _document(response: requests.Response) -> Mapping[str, Any]:
    try:
        document = response.json() if response.content else {}
    except ValueError:
        return {"error": {"message": response.text[:200]}}
    return document if isinstance(document, dict) else {"items": document}


def _refused(said: str) -> NotAuthenticated:
    return NotAuthenticated(
        f"Google refuses the credentials: {said.partition(chr(10))[0]}",
        fix="run `gcloud auth application-default login` again, or get a fresh access token",
        where="Google Cloud credentials",
    )
