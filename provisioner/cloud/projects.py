"""Projects through google-cloud-resource-manager, over REST so that they take the same way as everything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from google.api_core.exceptions import Forbidden, GoogleAPICallError, NotFound, RetryError, Unauthorized
from google.auth.exceptions import GoogleAuthError
from google.cloud.resourcemanager_v3 import Project, ProjectsClient
from google.cloud.resourcemanager_v3.services.projects.transports import ProjectsRestTransport
from requests.exceptions import RequestException

from provisioner.cloud.session import NotAuthenticated, Session
from provisioner.errors import ProvisionError

_SECONDS = 30.0
_Result = TypeVar("_Result")


class Projects:
    """Reads projects; ``session`` says as whom and which way."""

    def __init__(self, session: Session) -> None:
        """Get the credentials ready: the client's own refreshing would not take the given way."""
        transport = ProjectsRestTransport(credentials=session.refreshed())
        session.network.configure(transport._session)  # noqa: SLF001 - it offers no other way to a proxy and authorities
        self._client = ProjectsClient(transport=transport)

    def close(self) -> None:
        """Give the connections back."""
        self._client.transport.close()  # type: ignore[no-untyped-call] # half typed

    def find(self, project: str) -> Project | None:
        """Return a project; None when it does not exist or may not be seen, for Google answers 403 to both."""
        return self._ask(lambda: self._client.get_project(name=f"projects/{project}", timeout=_SECONDS), project)

    def missing_permissions(self, project: str, wanted: Sequence[str]) -> tuple[str, ...]:
        """Return those of the permissions that the caller lacks on a project."""
        resource = f"projects/{project}"
        answer = self._ask(
            lambda: self._client.test_iam_permissions(resource=resource, permissions=list(wanted), timeout=_SECONDS),
            project,
        )
        held = set(answer.permissions) if answer else set()
        return tuple(permission for permission in wanted if permission not in held)

    @staticmethod
    def _ask(question: Callable[[], _Result], project: str) -> _Result | None:
        try:
            return question()
        except (Unauthorized, GoogleAuthError) as error:
            raise NotAuthenticated(
                f"Google refuses the credentials: {error}",
                fix="run `gcloud auth application-default login` again, or get a fresh access token",
                where="Google Cloud credentials",
            ) from error
        except (Forbidden, NotFound) as error:
            if _disabled(error):
                raise ProvisionError(
                    "the Cloud Resource Manager API is not enabled where your credentials belong",
                    fix=f"gcloud services enable cloudresourcemanager.googleapis.com --project={_consumer(error)}",
                    where=project,
                ) from error
            return None
        except (GoogleAPICallError, RetryError, RequestException) as error:
            raise ProvisionError(
                f"Google Cloud answered: {error}", fix="mend what it says and try again", where=project
            ) from error


def _disabled(error: GoogleAPICallError) -> bool:
    return bool(error.reason == "SERVICE_DISABLED")


def _consumer(error: GoogleAPICallError) -> str:
    return str((error.metadata or {}).get("consumer", "")).removeprefix("projects/")
