"""Texts of a certain form that both inputs use: names, addresses, numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Slug = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]{0,28}[a-z0-9]$",
        description="2-30 lower-case letters, digits and hyphens, a letter first and no hyphen at the end.",
    ),
]
# A pattern instead of pydantic's EmailStr, whose library costs every command 40 ms.
Email = Annotated[
    str,
    Field(
        max_length=254,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@([A-Za-z0-9]([A-Za-z0-9-]{0,62})\.)+[A-Za-z]{2,63}$",
        description="One e-mail address.",
        json_schema_extra={"format": "email"},
    ),
]
ServiceAccount = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z][a-z0-9-]{4,28}[a-z0-9]\.iam\.gserviceaccount\.com$",
        description="The address of a service account: <id>@<project>.iam.gserviceaccount.com.",
    ),
]
GitHubLogin = Annotated[
    str,
    Field(
        max_length=39,
        pattern=r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$",
        description="A GitHub login: letters, digits and single hyphens.",
    ),
]
GitHubTeam = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$", description="A GitHub team's slug, as in its address."),
]
Digits = Annotated[str, Field(pattern=r"^[0-9]{6,20}$", description="A number in quotes, 6-20 digits.")]
