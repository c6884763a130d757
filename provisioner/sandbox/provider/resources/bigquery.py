"""BigQuery datasets (bigquery v2)."""

from __future__ import annotations

from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.resource import Json, Resource, Spec, State

BASE: Final = "bigquery.googleapis.com/bigquery/v2"
_OWN: Final = "projects/{project}/datasets/{dataset_id}"
_CONDITIONS: Final = {"accessPolicyVersion": "3"}

DATASET: Final = Spec(
    name="google_bigquery_dataset",
    title="Dataset",
    base=BASE,
    parent="projects/{project}/datasets",
    own=_OWN,
    query=_CONDITIONS,
    update="PUT",
    mask=False,
    imports=(_OWN, "{project}/{dataset_id}", "{dataset_id}"),
    table="""
access                   setblocks?
  condition              one
    description          str
    expression           str!
    location             str
    title                str
  dataset                one
    dataset              one!
      dataset_id         str!
      project_id         str!
    target_types         list!
  domain                 str
  group_by_email         str
  iam_member             str
  role                   str
  routine                one
    dataset_id           str!
    project_id           str!
    routine_id           str!
  special_group          str
  user_by_email          str
  view                   one
    dataset_id           str!
    project_id           str!
    table_id             str!
creation_time            int*
dataset_id               str!^ api=datasetReference.datasetId match=dataset_id
default_collation        str
default_encryption_configuration one
  kms_key_name           str!
default_partition_expiration_ms int
default_table_expiration_ms int
delete_contents_on_destroy bool default=false virtual
@policy
description              str
etag                     str*
external_catalog_dataset_options one
  default_storage_location_uri str
  parameters             map
external_dataset_reference one^
  connection             str!^
  external_source        str!^
friendly_name            str  zero
is_case_insensitive      bool?
@labels
last_modified_time       int*
location                 str^ default=US same=case
max_time_travel_hours    str?
@project
resource_tags            map
self_link                str*
storage_billing_model    str?
""",
)


class Dataset(Resource):
    """A dataset: an update replaces the whole, so it says again what cannot change."""

    def read_query(self, state: State) -> dict[str, str]:
        """Ask for conditions of the access entries too."""
        del state
        return dict(_CONDITIONS)

    def update_query(self, state: State) -> dict[str, str]:
        """Say that the access entries may have conditions."""
        del state
        return dict(_CONDITIONS)

    def body(self, state: State, *, update: bool = False) -> Json:
        """Write the whole dataset in every case."""
        del update
        return super().body(state)

    def send_delete(self, configuration: Configuration, state: State) -> Json:
        """Delete the dataset, with its tables when the configuration says so."""
        query = {"deleteContents": "true" if state.get("delete_contents_on_destroy") else "false"}
        return self.call(configuration, "DELETE", self.url(state), query=query)


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return (Dataset(DATASET),)
