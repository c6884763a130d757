"""IAM policies: one read-modify-write with the etag for every kind of resource."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from provisioner.sandbox.provider.client import IAM_BACK_OFF
from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.values import is_zero

Policy = dict[str, Any]
_CONFLICTS: Final = frozenset({409, 412})
_VERSION: Final = 3
_STRIPES: Final = 64


@dataclass(frozen=True)
class Target:
    """Where a policy lives.

    ``own`` is the template of the resource's name (``GetResourceId`` of the real provider), kept in ``keeps``;
    ``style`` is the shape of the calls: ``post``, ``get``, ``storage``, ``project``, or ``above`` for what stands
    above projects; ``version_query`` is sent with a get.
    """

    base: str
    own: str
    style: str
    keeps: str = ""
    version_query: Mapping[str, str] = field(default_factory=dict)
    legacy: bool = False


class Policies:
    """Reads and changes policies; the changes of one policy go one after the other."""

    def __init__(self) -> None:
        self._locks = tuple(threading.Lock() for _ in range(_STRIPES))

    def read(self, configuration: Configuration, target: Target, name: str) -> Policy:
        """Return the policy of a resource. Raises GoogleError."""
        call, url = configuration.client.call, f"{target.base}/{_escaped(target, name)}"
        policy: Policy
        if target.style in {"project", "above"}:
            body = {"options": {"requestedPolicyVersion": _VERSION}}
            policy = call("POST", f"{url}:getIamPolicy", body=body, legacy=target.style == "project")
        elif target.style == "post":
            policy = call("POST", f"{url}:getIamPolicy", query=target.version_query, legacy=target.legacy)
        elif target.style == "storage":
            policy = call("GET", f"{url}/iam", query=target.version_query)
        else:
            policy = call("GET", f"{url}:getIamPolicy", query=target.version_query)
        return policy

    def change(self, configuration: Configuration, target: Target, name: str, modify: Callable[[Policy], None]) -> None:
        """Read, modify and write until nobody else got in between. Raises ProviderError after too many conflicts."""
        with self._locks[hash((target.base, name)) % _STRIPES]:
            for pause in (0.0, *IAM_BACK_OFF):
                if pause:
                    configuration.client.pace.wait(pause)
                policy = self.read(configuration, target, name)
                modify(policy)
                try:
                    self._write(configuration, target, name, policy)
                except GoogleError as error:
                    if error.status not in _CONFLICTS:
                        raise
                else:
                    return
        raise ProviderError(f"Error applying IAM policy for {name}: Too many conflicts", path=("etag",))

    def _write(self, configuration: Configuration, target: Target, name: str, policy: Policy) -> None:
        call, url = configuration.client.call, f"{target.base}/{_escaped(target, name)}"
        kept = ("auditConfigs", "bindings", "etag", "version")
        clean = {key: policy[key] for key in kept if not is_zero(policy.get(key))}
        if target.style == "storage":
            call("PUT", f"{url}/iam", body=clean)
        elif target.style == "project":
            body = {"policy": clean, "updateMask": "bindings,etag,auditConfigs"}
            call("POST", f"{url}:setIamPolicy", body=body, legacy=True)
        else:
            call("POST", f"{url}:setIamPolicy", body={"policy": clean}, legacy=target.legacy)


def _escaped(target: Target, name: str) -> str:
    if target.style != "storage" or "managedFolders/" not in name:
        return name
    bucket, _, folder = name.partition("/managedFolders/")
    return f"{bucket}/managedFolders/{quote(folder, safe='')}"
