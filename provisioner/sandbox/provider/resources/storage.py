"""Buckets and managed folders (storage v1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from provisioner.sandbox.provider import mapping
from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.resource import Json, Resource, Spec, State

_BASE: Final = "storage.googleapis.com/storage/v1"
_ENFORCEMENT: Final = """
    effective_time         str*
    restriction_mode       str! in=NotRestricted|FullyRestricted"""

BUCKET: Final = Spec(
    name="google_storage_bucket",
    title="bucket",
    base=_BASE,
    parent="b",
    own="b/{name}",
    imports=("{project}/{name}", "{name}"),
    timeouts=("create", "read", "update"),
    version=4,
    legacy=True,
    mask=False,
    table=f"""
autoclass                  one   same=disabled
  enabled                  bool! zero
  terminal_storage_class   str?
cors                       blocks
  max_age_seconds          int
  method                   list
  origin                   list
  response_header          list
custom_placement_config    one
  data_locations           set!^ min=1
default_event_based_hold   bool
@policy
@labels
enable_object_retention    bool^ api=objectRetention.mode as=enabled query
encryption                 one
  customer_managed_encryption_enforcement_config one{_ENFORCEMENT}
  customer_supplied_encryption_enforcement_config one{_ENFORCEMENT}
  default_kms_key_name     str
  google_managed_encryption_enforcement_config one{_ENFORCEMENT}
force_destroy              bool  default=false virtual
hierarchical_namespace     one^  same=disabled
  enabled                  bool!^ zero
ip_filter                  one   same=inactive
  allow_all_service_agent_access bool
  allow_cross_org_vpcs     bool  with=vpc_network_sources
  mode                     str!  in=Enabled|Disabled
  public_network_source    one
    allowed_ip_cidr_ranges list!
  vpc_network_sources      blocks
    allowed_ip_cidr_ranges list!
    network                str!
lifecycle_rule             blocks max=100 api=lifecycle.rule
  action                   setblocks! min=1 max=1 single
    storage_class          str
    type                   str!
  condition                setblocks! min=1 max=1 single
    age                    int   zeroif=send_age_if_zero
    created_before         str
    custom_time_before     str
    days_since_custom_time int   zeroif=send_days_since_custom_time_if_zero
    days_since_noncurrent_time int zeroif=send_days_since_noncurrent_time_if_zero
    matches_prefix         list
    matches_storage_class  list
    matches_suffix         list
    noncurrent_time_before str
    num_newer_versions     int   zeroif=send_num_newer_versions_if_zero
    send_age_if_zero       bool  virtual
    send_days_since_custom_time_if_zero bool virtual
    send_days_since_noncurrent_time_if_zero bool virtual
    send_num_newer_versions_if_zero bool virtual
    size_above_bytes       int   as=text
    size_below_bytes       int   as=text
    with_state             str?  api=isLive as=live absent=ANY in=LIVE|ARCHIVED|ANY|
location                   str!^ state=upper
logging                    one
  log_bucket               str!
  log_object_prefix        str?
name                       str!^
project                    str?^ virtual
project_number             int*  as=text
public_access_prevention   str?  api=iamConfiguration.publicAccessPrevention
requester_pays             bool  api=billing.requesterPays
retention_policy           one
  is_locked                bool  default=false out
  retention_period         str!
rpo                        str?
self_link                  str*
soft_delete_policy         one?
  effective_time           str*
  retention_duration_seconds int default=604800 as=text zero
storage_class              str   default=STANDARD
time_created               str*
uniform_bucket_level_access bool? api=iamConfiguration.uniformBucketLevelAccess.enabled
updated                    str*
url                        str*  virtual
versioning                 one?
  enabled                  bool! zero
website                    one?
  main_page_suffix         str   same=empty any=page
  not_found_page           str   same=empty any=page
""",
)

FOLDER: Final = Spec(
    name="google_storage_managed_folder",
    title="ManagedFolder",
    base=_BASE,
    parent="b/{bucket}/managedFolders",
    own="{bucket}/{name}",
    imports=("{bucket}/managedFolders/{name+}", "{bucket}/{name+}"),
    table="""
bucket         str!^ virtual same=name
create_time    str*
@policy
force_destroy  bool  default=false virtual
metageneration str*
name           str!^ match=folder
self_link      str*
update_time    str*
""",
)


class Bucket(Resource):
    """A bucket: created with the project in the query, changed by a PATCH of what differs."""

    def send_create(self, configuration: Configuration, state: State) -> Json:
        """Create the bucket in its project."""
        query = {"project": state["project"]}
        if state.get("enable_object_retention") is True:
            query["enableObjectRetention"] = "true"
        body = self.body(state)
        body.pop("objectRetention", None)
        try:
            return self.call(configuration, "POST", f"{_BASE}/b", body=body, query=query)
        except GoogleError as error:
            raise self.explained("{error}", state, error) from error

    def identify(self, state: State, answer: Json) -> str:
        """Return the bucket's name."""
        del state  # the answer has it
        return str(answer["name"])

    def after_create(self, configuration: Configuration, state: State) -> None:
        """Lock the retention policy when that is asked for."""
        self._lock(configuration, state, [])

    def read(self, configuration: Configuration, state: State) -> State | None:
        """Read the bucket; an imported one gets its project from the project's number."""
        found = super().read(configuration, state)
        if found is not None and not found.get("project"):
            found["project"] = self._project_of(configuration, found)
        return found

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Send what differs; a label that is gone is sent as null."""
        changed = {part.name for part in self.changed(prior, planned)}
        if changed:
            if changed & {"public_access_prevention", "uniform_bucket_level_access"}:
                changed |= {"public_access_prevention", "uniform_bucket_level_access"}
            fields = tuple(part for part in self.fields if part.name in changed)
            body = mapping.to_api(fields, planned, update=True)
            for part in fields:
                body.setdefault(mapping.api_path(part).split(".")[0], None)
            if "effective_labels" in changed:
                gone = dict.fromkeys(prior.get("effective_labels") or {})
                body["labels"] = {**gone, **(planned.get("effective_labels") or {})}
            try:
                self.call(configuration, "PATCH", self.url(prior), body=body)
            except GoogleError as error:
                raise self.explained("{error}", planned, error) from error
        self._lock(configuration, planned, prior.get("retention_policy") or [])
        return self.read(configuration, {**planned, "id": prior["id"]}) or prior

    def send_delete(self, configuration: Configuration, state: State) -> Json:
        """Empty the bucket when force_destroy allows it, then delete it."""
        url = self.url(state)
        configuration.client.call("GET", f"{url}/anywhereCaches/")
        for item in self._objects(configuration, url):
            if not state.get("force_destroy"):
                name = state["name"]
                raise ProviderError(
                    f"Error trying to delete bucket {name} containing objects without `force_destroy` set to true",
                    path=("force_destroy",),
                )
            target = f"{url}/o/{quote(item['name'], safe='')}"
            self.call(configuration, "DELETE", target, query={"generation": item["generation"]})
        return self.call(configuration, "DELETE", url)

    def import_state(self, configuration: Configuration, given: str) -> State:
        """Read ``PROJECT/NAME`` or ``NAME``."""
        state = super().import_state(configuration, given)
        state["id"] = state["name"]
        if "/" not in given:
            state["project"] = None
        return state

    def complete(self, configuration: Configuration, state: Mapping[str, Any]) -> State:
        """Leave out the project of a bucket that exists: it is not in its URL."""
        missing = state.get("id") and not isinstance(state.get("project"), str)
        full = super().complete(configuration, {**state, "project": "-"} if missing else state)
        return {**full, "project": None} if missing else full

    def from_document(self, configuration: Configuration, document: Json, state: State) -> State:
        """Fill in the gs:// address."""
        found = super().from_document(configuration, document, state)
        found["url"] = f"gs://{found['name']}"
        return found

    def _project_of(self, configuration: Configuration, state: State) -> str | None:
        url = f"compute.googleapis.com/compute/v1/projects/{state['project_number']}"
        try:
            return str(configuration.client.call("GET", url)["name"])
        except GoogleError:
            return configuration.project

    def _objects(self, configuration: Configuration, url: str) -> list[Json]:
        items: list[Json] = []
        query = {"versions": "true"}
        while True:
            page = self.call(configuration, "GET", f"{url}/o", query=query)
            items += page.get("items", [])
            if not page.get("nextPageToken"):
                return items
            query["pageToken"] = page["nextPageToken"]

    def _lock(self, configuration: Configuration, state: State, before: list[State]) -> None:
        def locked(blocks: Any) -> bool:  # noqa: ANN401 - a block list, or unknown
            return isinstance(blocks, list) and bool(blocks) and bool(blocks[0].get("is_locked"))

        if locked(state.get("retention_policy")) and not locked(before):
            current = self.call(configuration, "GET", self.url(state))
            query = {"ifMetagenerationMatch": current["metageneration"]}
            self.call(configuration, "POST", f"{self.url(state)}/lockRetentionPolicy", query=query)


class ManagedFolder(Resource):
    """A folder with a policy of its own; its name ends with a slash, which the path escapes."""

    def url(self, state: State) -> str:
        """Return host and path of the folder."""
        return f"{_BASE}/b/{state['bucket']}/managedFolders/{quote(state['name'], safe='')}"

    def send_delete(self, configuration: Configuration, state: State) -> Json:
        """Delete the folder, with what is in it when force_destroy says so."""
        query = {"allowNonEmpty": "true" if state.get("force_destroy") else "false"}
        return self.call(configuration, "DELETE", self.url(state), query=query)


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return Bucket(BUCKET), ManagedFolder(FOLDER)
