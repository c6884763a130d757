"""Artifact Registry repositories (artifactregistry v1)."""

from __future__ import annotations

from typing import Final

from provisioner.sandbox.provider.resource import Resource, Spec, waits_for

_HOSTED: Final = """
  {name}_repository one^  choice=source
    custom_repository one^ clash=kind
      uri           str^
    public_repository str^ clash=kind"""
_PACKAGES: Final = """
  {name}_repository one^  choice=source
    public_repository one^
      repository_base str!^
      repository_path str!^"""

_OWN: Final = "projects/{project}/locations/{location}/repositories/{repository_id}"

REPOSITORY: Final = Spec(
    name="google_artifact_registry_repository",
    title="Repository",
    base="artifactregistry.googleapis.com/v1",
    parent="projects/{project}/locations/{location}/repositories",
    own=_OWN,
    query={"repository_id": "{repository_id}"},
    waits=waits_for("create", "delete"),
    imports=(_OWN, "{project}/{location}/{repository_id}", "{location}/{repository_id}", "{repository_id}"),
    table=f"""
cleanup_policies       setblocks keyed=id
  action               str   in=DELETE|KEEP
  condition            one
    newer_than         str   same=duration as=duration
    older_than         str   same=duration as=duration
    package_name_prefixes list
    tag_prefixes       list
    tag_state          str   default=ANY in=TAGGED|UNTAGGED|ANY
    version_name_prefixes list
  id                   str!
  most_recent_versions one
    keep_count         int
    package_name_prefixes list
cleanup_policy_dry_run bool
create_time            str*
@policy
description            str
docker_config          one
  immutable_tags       bool
format                 str!^ same=case
kms_key_name           str^
@labels
location               str?^ virtual
maven_config           one   same=empty
  allow_snapshot_overwrites bool^
  version_policy       str^  default=VERSION_POLICY_UNSPECIFIED in=VERSION_POLICY_UNSPECIFIED|RELEASE|SNAPSHOT
mode                   str^  default=STANDARD_REPOSITORY in=STANDARD_REPOSITORY|VIRTUAL_REPOSITORY|REMOTE_REPOSITORY
name                   str*  as=name
@project
registry_uri           str*
remote_repository_config one^ clash=mode
{_PACKAGES.format(name="apt")}
  common_repository    one^  choice=source
    uri                str!^
  description          str^
  disable_upstream_validation bool
{_HOSTED.format(name="docker")}
{_HOSTED.format(name="maven")}
  no_cache             one^  unsupported
{_HOSTED.format(name="npm")}
{_HOSTED.format(name="python")}
  upstream_credentials one
    username_password_credentials one
      password_secret_version str
      username         str
{_PACKAGES.format(name="yum")}
repository_id          str!^ virtual
update_time            str*
virtual_repository_config one clash=mode
  upstream_policies    blocks same=policies
    id                 str
    priority           int
    repository         str
vulnerability_scanning_config one?
  enablement_config    str   in=INHERITED|DISABLED|
  enablement_state     str*
  enablement_state_reason str*
""",
)


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return (Resource(REPOSITORY),)
