"""Configurations derived from the recordings: what a root must have said for the real provider to send them."""

from __future__ import annotations

from dataclasses import dataclass

PROVIDER = """
provider "google" {
  project = "acme-payments-dev"
  region  = "europe-west1"
  default_labels = {
    cost-center = "cc-1234"
    env         = "dev"
    managed-by  = "provision-env"
    team        = "payments"
  }
  batching {
    enable_batching = true
    send_after      = "10s"
  }
}
"""


@dataclass(frozen=True)
class Case:
    """One recorded life: ``body`` is created, ``update`` pairs (old text, new text) change it in place."""

    type: str
    body: str
    update: tuple[tuple[str, str], ...] = ()
    create: str = "create"
    delete: str = "delete"

    @property
    def changed(self) -> str:
        text = self.body
        for old, new in self.update:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        return text


def resource(kind: str, body: str) -> str:
    return f'resource "{kind}" "it" {{\n{body}\n}}\n'


def case(kind: str, body: str, *update: tuple[str, str], create: str = "create", delete: str = "delete") -> Case:
    return Case(kind, resource(kind, body), update, create, delete)


def member(name: str) -> str:
    return f"serviceAccount:payments-dev-{name}@acme-payments-dev.iam.gserviceaccount.com"


ACCOUNT = "projects/acme-payments-dev/serviceAccounts/payments-dev-runtime@acme-payments-dev.iam.gserviceaccount.com"
