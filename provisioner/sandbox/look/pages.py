"""The templates, and the headers that every page goes out with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from provisioner.sandbox.http import Response

_FOLDER = Path(__file__).parent / "templates"
_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),  # with no-referrer browsers hide where a form comes from
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)


class Pages:
    """Renders pages; everything that goes into one is escaped."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._style = (_FOLDER / "look.css").read_bytes()

    def page(self, name: str, context: Mapping[str, Any], status: int = 200) -> Response:
        """Return the page of the template ``<name>.html.j2``."""
        text = self._environment.get_template(f"{name}.html.j2").render(context)
        return Response(status, (("Content-Type", "text/html; charset=utf-8"), *HEADERS), text.encode())

    def style(self) -> Response:
        """Return the style sheet."""
        return Response(200, (("Content-Type", "text/css; charset=utf-8"), *HEADERS), self._style)


def to(place: str, *headers: tuple[str, str]) -> Response:
    """Send the browser somewhere else, as a GET."""
    return Response(303, (("Location", place), *headers, *HEADERS))
