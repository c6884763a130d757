"""BigQuery tables and views (bigquery v2)."""

from __future__ import annotations

from typing import Final

from provisioner.sandbox.provider.columns import dropped_columns, needs_new_table
from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import GoogleError, ProviderError
from provisioner.sandbox.provider.plan import Path
from provisioner.sandbox.provider.resource import Json, Resource, Spec, State
from provisioner.sandbox.provider.resources.bigquery import BASE
from provisioner.sandbox.provider.values import UNKNOWN

_OWN: Final = "projects/{project}/datasets/{dataset_id}/tables/{table_id}"
_COMPRESSED: Final = "default=NONE in=NONE|GZIP"
_SAME_TEXT: Final = "default=UTF-8 in=ISO-8859-1|UTF-8"
_JSON_TEXT: Final = "default=UTF-8 in=UTF-8|UTF-16BE|UTF-16LE|UTF-32BE|UTF-32LE"

TABLE: Final = Spec(
    name="google_bigquery_table",
    title="BigQuery table",
    base=BASE,
    parent="projects/{project}/datasets/{dataset_id}/tables",
    own=_OWN,
    update="PUT",
    mask=False,
    imports=(_OWN, "{project}/{dataset_id}/{table_id}", "{dataset_id}/{table_id}"),
    timeouts=(),
    legacy=True,
    table=f"""
biglake_configuration    one^
  connection_id          str!^ same=connection
  file_format            str!^
  storage_uri            str!^
  table_format           str!^
clustering               list max=4 api=clustering.fields
creation_time            int*
dataset_id               str!^ api=tableReference.datasetId
@policy
deletion_protection      bool default=true virtual
description              str
encryption_configuration one^
  kms_key_name           str!
  kms_key_version        str* out
etag                     str*
expiration_time          int? as=text
external_catalog_table_options one
  connection_id          str  same=connection
  parameters             map
  storage_descriptor     one
    input_format         str
    location_uri         str
    output_format        str
    serde_info           one
      name               str
      parameters         map
      serialization_library str!
external_data_configuration one
  autodetect             bool! zero
  avro_options           one
    use_avro_logical_types bool! zero
  bigtable_options       one
    column_family        blocks api=columnFamilies
      column             blocks api=columns
        encoding         str
        field_name       str
        only_read_latest bool
        qualifier_encoded str
        qualifier_string str
        type             str
      encoding           str
      family_id          str
      only_read_latest   bool
      type               str
    ignore_unspecified_column_families bool
    output_column_families_as_json bool
    read_rowkey_as_string bool
  compression            str  {_COMPRESSED}
  connection_id          str  same=connection
  csv_options            one
    allow_jagged_rows    bool default=false
    allow_quoted_newlines bool default=false
    encoding             str  {_SAME_TEXT}
    field_delimiter      str  default=,
    quote                str! zero
    skip_leading_rows    int  default=0 as=text
    source_column_match  str  in=POSITION|NAME
  decimal_target_types   set
  file_set_spec_type     str
  google_sheets_options  one
    range                str  any=sheet
    skip_leading_rows    int  any=sheet as=text
  hive_partitioning_options one
    mode                 str
    require_partition_filter bool
    source_uri_prefix    str
  ignore_unknown_values  bool
  json_extension         str  in=GEOJSON
  json_options           one
    encoding             str  {_JSON_TEXT}
  max_bad_records        int
  metadata_cache_mode    str  in=AUTOMATIC|MANUAL
  object_metadata        str  clash=format
  parquet_options        one
    enable_list_inference bool
    enum_as_string       bool
  reference_file_schema_uri str
  schema                 str?^ same=columns as=columns keep
  source_format          str
  source_uris            list!
friendly_name            str
generated_schema_columns str* virtual
ignore_auto_generated_schema bool default=false virtual
ignore_schema_changes    list max=10 virtual
@labels
last_modified_time       int*
location                 str*
materialized_view        one
  allow_non_incremental_definition bool^ default=false
  enable_refresh         bool default=true zero
  query                  str!^
  refresh_interval_ms    int  default=1800000 as=text
max_staleness            str?
num_bytes                int*
num_long_term_bytes      int*
num_rows                 int*
@project
range_partitioning       one
  field                  str!^
  range                  one!
    end                  int! as=text zero
    interval             int! as=text zero
    start                int! as=text zero
require_partition_filter bool clash=filter
resource_tags            map
schema                   str? same=columns as=columns
schema_foreign_type_info one^ api=schema.foreignTypeInfo
  type_system            str!
self_link                str*
table_constraints        one
  foreign_keys           blocks
    column_references    one! array
      referenced_column  str!
      referencing_column str!
    name                 str
    referenced_table     one!
      dataset_id         str!
      project_id         str!
      table_id           str!
  primary_key            one
    columns              list!
table_id                 str!^ api=tableReference.tableId
table_metadata_view      str  virtual
table_replication_info   one^ unsupported
  replication_interval_ms int^ default=300000
  source_dataset_id      str!^
  source_project_id      str!^
  source_table_id        str!^
time_partitioning        one
  expiration_ms          int? as=text
  field                  str^
  require_partition_filter bool clash=filter keep
  type                   str! in=DAY|HOUR|MONTH|YEAR
type                     str*
view                     one
  query                  str!
  use_legacy_sql         bool? zero
""",
)


class Table(Resource):
    """A table, a view or an external table; an update replaces the whole, a dropped column is a statement."""

    def validate(self, config: State) -> list[ProviderError]:
        """Find what contradicts itself on two levels: the partition filter, the format of object tables."""
        found = super().validate(config)
        partitioning = _first(config.get("time_partitioning"))
        if config.get("require_partition_filter") and partitioning.get("require_partition_filter"):
            found.append(_conflict("require_partition_filter", "time_partitioning.0.require_partition_filter"))
        external = _first(config.get("external_data_configuration"))
        if external.get("object_metadata") and external.get("source_format"):
            found.append(_conflict("object_metadata", "external_data_configuration.0.source_format"))
        return found

    def plan(self, configuration: Configuration, prior: State | None, config: State) -> tuple[State, list[Path]]:
        """Replace the table when a change of its columns cannot be done in place."""
        planned, paths = super().plan(configuration, prior, config)
        if prior is not None and needs_new_table(prior.get("schema"), planned.get("schema"), is_view=_is_view(planned)):
            paths.append(("schema",))
        return planned, paths

    def body(self, state: State, *, update: bool = False) -> Json:
        """Write the whole table in every case, with its project."""
        del update
        body = super().body(state)
        body["tableReference"]["projectId"] = state["project"]
        return body

    def send_create(self, configuration: Configuration, state: State) -> Json:
        """Create the table; the columns of a view are described afterwards, since a view is made without them."""
        body = self.body(state)
        columns = body.pop("schema", None) if state.get("view") else None
        url = f"{self.spec.base}/{self.spec.parent.format_map(state)}"
        answer = self.call(configuration, "POST", url, body=body)
        if columns:
            answer = self.call(configuration, "PUT", self.url(state), body={**body, "schema": columns})
        return answer

    def read_query(self, state: State) -> dict[str, str]:
        """Ask for as much of the table as the configuration wants."""
        view = state.get("table_metadata_view")
        return {"view": str(view)} if view else {}

    def update(self, configuration: Configuration, prior: State, planned: State) -> State:
        """Drop the columns that are gone first: replacing the table's description alone is refused."""
        dropped = () if _is_view(planned) else dropped_columns(prior.get("schema"), planned.get("schema"))
        if dropped:
            clauses = ", ".join(f"DROP COLUMN IF EXISTS `{name}`" for name in dropped)
            statement = f"ALTER TABLE `{prior['dataset_id']}.{prior['table_id']}` {clauses}"
            url = f"{self.spec.base}/projects/{prior['project']}/queries"
            try:
                self.call(configuration, "POST", url, body={"query": statement, "useLegacySql": False})
            except GoogleError as error:
                raise self.explained("Error updating {title} {id}: {error}", prior, error) from error
        return super().update(configuration, prior, planned)

    def from_document(self, configuration: Configuration, document: Json, state: State) -> State:
        """Read the key's version, and the partition filter where the configuration has it."""
        found = super().from_document(configuration, document, state)
        for key in found["encryption_configuration"] or []:
            key["kms_key_version"] = key["kms_key_name"]
            key["kms_key_name"] = key["kms_key_name"].partition("/cryptoKeyVersions/")[0]
        if _first(state.get("time_partitioning")).get("require_partition_filter"):
            found["require_partition_filter"] = state.get("require_partition_filter")
        return found

    def keeps_object(self, configuration: Configuration, state: State) -> bool:
        """Refuse while the protection is on."""
        if state.get("deletion_protection"):
            raise ProviderError(
                f"cannot destroy table {state['id']} without setting deletion_protection=false "
                "and running `terraform apply`",
                path=("deletion_protection",),
            )
        return super().keeps_object(configuration, state)


def _first(blocks: object) -> State:
    return blocks[0] if isinstance(blocks, list) and blocks and isinstance(blocks[0], dict) else {}


def _is_view(state: State) -> bool:
    return bool(state.get("view") or state.get("materialized_view")) or state.get("view") is UNKNOWN


def _conflict(name: str, other: str) -> ProviderError:
    return ProviderError("Conflicting configuration arguments", f'"{name}": conflicts with {other}', (name,))


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return (Table(TABLE),)
