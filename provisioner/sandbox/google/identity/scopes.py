"""OAuth scopes by name. https://developers.google.com/identity/protocols/oauth2/scopes."""

from __future__ import annotations

import re

_SCOPE = re.compile(r"https://www\.googleapis\.com/auth/[a-z0-9._-]+|openid|email|profile")


def known_scope(scope: str) -> bool:
    """Tell whether a text has the form of a scope of Google's."""
    return _SCOPE.fullmatch(scope) is not None
