"""What of Google Cloud the sandbox plays: every method of every document it reads, and which of them are answered."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.sandbox.google.catalog import SERVICES
from provisioner.sandbox.google.routing import LoadedService


@dataclass(frozen=True, slots=True)
class Coverage:
    """One discovery document: methods that are answered, and those that are refused with a 501."""

    document: str
    answered: tuple[str, ...]
    refused: tuple[str, ...]


def coverage() -> tuple[Coverage, ...]:
    """Return the coverage of all documents, by name. Reads every document: only for pages and tests."""
    found = {}
    for facts in SERVICES:
        service = LoadedService(facts)
        for document in sorted(set(facts.documents.values())):
            ids = service.api(document).method_ids()
            answered = tuple(name for name in ids if service.answers(document, name))
            found[document] = Coverage(document, answered, tuple(name for name in ids if name not in answered))
    return tuple(found[document] for document in sorted(found))


def routes() -> tuple[str, ...]:
    """Return the names of what is answered outside discovery documents."""
    return tuple(sorted(mark.name for facts in SERVICES for _, _, mark, _ in LoadedService(facts).routes))
