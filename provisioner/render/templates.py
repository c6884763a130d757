"""The structure of roots as Jinja2 templates; values never become HCL here except as quoted strings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from provisioner.render.ownership import header

_FOLDER = Path(__file__).parent / "templates"


class Templates:
    """The templates that come with the product."""

    def __init__(self) -> None:
        self._environment = Environment(  # noqa: S701 - the result is HCL, not HTML; strings go through the hcl filter
            loader=FileSystemLoader(_FOLDER),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters["hcl"] = hcl_string

    def fill(self, name: str, source: str, context: Mapping[str, Any]) -> str:
        """Fill the template ``<name>.tf.j2``; ``source`` is the input file that the header names."""
        return self._environment.get_template(f"{name}.tf.j2").render(context, header=header(source))


def hcl_string(text: str) -> str:
    """Quote a string for HCL: JSON's escapes, and no template sequence stays alive."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
