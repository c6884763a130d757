"""Brings a clone of a repository into the sandbox's GitHub, public, under the name that others use it by."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from provisioner.errors import InvalidInput, ProvisionError
from provisioner.sandbox.github.bare import environment, git_program
from provisioner.sandbox.handle import Handle

_NAME = re.compile(r"([A-Za-z0-9-]+)/([A-Za-z0-9._-]+)")
_SECONDS = 60.0
_CREATED, _EXISTS = 201, 422


def import_repository(handle: Handle, folder: Path, full_name: str) -> list[str]:
    """Push all branches and tags of a clone to ``owner/name``, made where it is missing; say what was done.

    What an action or a module refers to by commit is found by that commit. Raises InvalidInput, ProvisionError.
    """
    match = _NAME.fullmatch(full_name)
    if match is None:
        raise InvalidInput(f"{full_name!r} is no repository", fix="write it as owner/name")
    if not (folder / ".git").exists() and not (folder / "HEAD").exists():
        raise InvalidInput("this is no git repository", where=str(folder), fix="give the folder of a clone")
    owner, name = match[1], match[2]
    said = list(handle.control("POST", "seed", {"githubOwner": owner})["made"])
    status, answer = _call(handle, "POST", f"/orgs/{owner}/repos", {"name": name, "private": False})
    if status == _CREATED:
        said.append(f"GitHub repository {full_name}")
    elif status != _EXISTS:
        raise ProvisionError(f"GitHub did not make {full_name}: {answer.get('message', status)}")
    _call(handle, "PUT", f"/repos/{full_name}/actions/permissions", {"enabled": False})  # its workflows are its own
    said += _pushed(handle, folder, full_name)
    return said


def _call(handle: Handle, verb: str, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    token = handle.control("GET", "credentials")["github"]["user"]
    proxy = urlsplit(handle.proxy_url)
    context = ssl.create_default_context(cafile=str(handle.ca_file))
    connection = http.client.HTTPSConnection(str(proxy.hostname), proxy.port, timeout=_SECONDS, context=context)
    connection.set_tunnel("api.github.com", 443)
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "provision-env", "Content-Type": "application/json"}
    try:
        connection.request(verb, path, json.dumps(dict(body)), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")
    finally:
        connection.close()


def _pushed(handle: Handle, folder: Path, full_name: str) -> list[str]:
    credentials = handle.control("GET", "credentials")["github"]
    # The token travels in the environment; nothing secret is in an argument.
    surroundings = environment(
        {
            "HTTPS_PROXY": handle.proxy_url,
            "GIT_SSL_CAINFO": str(handle.ca_file),
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "credential.helper",
            "GIT_CONFIG_VALUE_0": '!f() { echo username=x-access-token; echo "password=$IMPORT_TOKEN"; }; f',
            "GIT_CONFIG_KEY_1": "safe.directory",
            "GIT_CONFIG_VALUE_1": "*",
            "IMPORT_TOKEN": credentials["user"],
        }
    )
    command = [git_program(), "-C", str(folder), "push", "--porcelain", f"https://github.com/{full_name}.git"]
    specs = ["HEAD:refs/heads/main", "refs/remotes/origin/*:refs/heads/*", "refs/heads/*:refs/heads/*"]
    said = []
    for spec in (*specs[1:], "refs/tags/*:refs/tags/*", specs[0]):
        done = subprocess.run(  # noqa: S603 - git with our own arguments
            [*command, f"+{spec}"], env=surroundings, capture_output=True, text=True, check=False
        )
        said += [line.split("\t")[1] for line in done.stdout.splitlines() if line.startswith("*")]
        if done.returncode and "No refs in common" not in done.stderr and "src refspec" not in done.stderr:
            raise ProvisionError(f"git could not push to {full_name}: {done.stderr.strip()}")
    return [f"pushed {refs.rpartition(':')[2]}" for refs in said]
