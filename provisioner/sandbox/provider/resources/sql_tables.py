"""The table of Cloud SQL instances (sqladmin v1beta4)."""

from __future__ import annotations

from typing import Final

_BACKUP: Final = """
  backup_configuration   one?
    backup_retention_settings one? any=backup same=special
      retained_backups   int!
      retention_unit     str  default=COUNT
    backup_tier          str* out
    binary_log_enabled   bool any=backup same=special zero
    enabled              bool any=backup same=special zero
    location             str  any=backup
    point_in_time_recovery_enabled bool any=backup same=special zero
    start_time           str? any=backup same=special
    transaction_log_retention_days int? any=backup same=special"""

_ADDRESSES: Final = """
  ip_configuration       one?
    allocated_ip_range   str  any=ip
    authorized_networks  setblocks any=ip
      expiration_time    str
      name               str
      value              str!
    custom_subject_alternative_names set any=ip
    enable_private_path_for_google_cloud_services bool any=ip
    ipv4_enabled         bool default=true any=ip zero
    private_network      str  any=ip same=link
    psc_config           setblocks single
      allowed_consumer_projects set
      network_attachment_uri str
      psc_auto_connection_policy_enabled bool?
      psc_auto_connections blocks
        consumer_network str!
        consumer_network_status str* out
        consumer_service_project_id str? api=consumerProject
        instance_auto_dns_status str* out
        ip_address       str* out
        service_connection_policy str* out
        service_connection_policy_creation_result str* out
        status           str* out
        write_endpoint_auto_dns_status str* out
      psc_auto_dns_enabled bool?
      psc_enabled        bool
      psc_write_endpoint_dns_enabled bool?
    server_ca_mode       str? any=ip in=CA_MODE_UNSPECIFIED|GOOGLE_MANAGED_INTERNAL_CA|GOOGLE_MANAGED_CAS_CA|\
CUSTOMER_MANAGED_CAS_CA
    server_ca_pool       str  any=ip
    server_certificate_rotation_mode str any=ip same=absent
    ssl_mode             str? any=ip in=ALLOW_UNENCRYPTED_AND_ENCRYPTED|ENCRYPTED_ONLY|\
TRUSTED_CLIENT_CERTIFICATE_REQUIRED"""

_SETTINGS: Final = f"""
settings                 one? any=origin
  activation_policy      str  default=ALWAYS
  active_directory_config one
    admin_credential_secret_name str
    dns_servers          list
    domain               str!
    mode                 str
    organizational_unit  str
  advanced_machine_features one
    threads_per_core     int
  auto_upgrade_enabled   bool
  availability_type      str  default=ZONAL in=REGIONAL|ZONAL
{_BACKUP}
  collation              str^
  connection_pool_config setblocks? single
    connection_pooling_enabled bool
    flags                setblocks
      name               str!
      value              str!
  connector_enforcement  str? in=NOT_REQUIRED|REQUIRED
  data_api_access        str?
  data_cache_config      one?
    data_cache_enabled   bool default=false
  data_disk_provisioned_iops int? as=text
  data_disk_provisioned_throughput int? as=text
  database_flags         setblocks
    name                 str!
    value                str!
  deletion_protection_enabled bool
  deny_maintenance_period one api=denyMaintenancePeriods array
    end_date             str!
    start_date           str!
    time                 str!
  disk_autoresize        bool default=true api=storageAutoResize zero
  disk_autoresize_limit  int  default=0 api=storageAutoResizeLimit as=text
  disk_size              int? api=dataDiskSizeGb as=text
  disk_type              str? api=dataDiskType same=case
  edition                str? in=ENTERPRISE|ENTERPRISE_PLUS
  effective_availability_type str* out
  enable_dataplex_integration bool
  enable_google_ml_integration bool
  entraid_config         one  same=empty
    application_id       str
    tenant_id            str
  final_backup_config    one
    enabled              bool
    retention_days       int
  insights_config        one?
    enhanced_query_insights_enabled bool any=insights
    query_insights_enabled bool any=insights
    query_plans_per_minute int? any=insights
    query_string_length  int? any=insights
    record_application_tags bool any=insights
    record_client_address bool any=insights
{_ADDRESSES}
  location_preference    one?
    follow_gae_application str any=place
    secondary_zone       str
    zone                 str  any=place
  maintenance_window     one
    day                  int  any=window
    hour                 int  any=window zero
    update_track         str  any=window
  password_validation_policy one
    complexity           str  in=COMPLEXITY_DEFAULT|COMPLEXITY_UNSPECIFIED
    disallow_username_substring bool
    enable_password_policy bool! zero
    min_length           int
    password_change_interval str
    reuse_interval       int
  pricing_plan           str  default=PER_USE
  read_pool_auto_scale_config one?
    disable_scale_in     bool any=pool
    enabled              bool default=false any=pool
    max_node_count       int  any=pool
    min_node_count       int  any=pool
    scale_in_cooldown_seconds int any=pool
    scale_out_cooldown_seconds int any=pool
    target_metrics       setblocks any=pool
      metric             str
      target_value       num
  replication_lag_max_seconds int?
  retain_backups_on_delete bool
  sql_server_audit_config one
    bucket               str  any=audit
    retention_interval   str  any=audit
    upload_interval      str  any=audit
  tier                   str!
  time_zone              str
  user_labels            map?
  version                int* api=settingsVersion as=text"""

_REPLICA: Final = "\n".join(
    f"  {name} any=replica api=mysqlReplicaConfiguration.{camel}"
    for name, camel in (
        ("ca_certificate str^", "caCertificate"),
        ("client_certificate str^", "clientCertificate"),
        ("client_key str^", "clientKey"),
        ("connect_retry_interval int^", "connectRetryInterval"),
        ("dump_file_path str^", "dumpFilePath"),
        ("master_heartbeat_period int^ as=text", "masterHeartbeatPeriod"),
        ("password str^ sensitive", "password"),
        ("ssl_cipher str^", "sslCipher"),
        ("username str^", "username"),
        ("verify_server_certificate bool^", "verifyServerCertificate"),
    )
)

INSTANCE_TABLE: Final = f"""
available_maintenance_versions list*
backupdr_backup          str  unsupported
clone                    one  any=origin unsupported
  allocated_ip_range     str
  database_names         list
  point_in_time          str  same=case
  preferred_zone         str
  source_instance_deletion_time str same=case
  source_instance_name   str!
  source_project         str
connection_name          str*
database_version         str! same=case
@policy
deletion_protection      bool default=true virtual
dns_name                 str*
dns_names                objects*
  connection_type        str*
  dns_scope              str*
  name                   str*
encryption_key_name      str?^ api=diskEncryptionConfiguration.kmsKeyName
enforce_new_sql_network_architecture bool? same=absent api=sqlNetworkArchitecture as=architecture
final_backup_description str  virtual
first_ip_address         str* virtual
include_replicas_for_major_version_upgrade bool
instance_type            str?
ip_address               objects* api=ipAddresses
  ip_address             str*
  time_to_retire         str*
  type                   str*
maintenance_version      str? same=newer
master_instance_name     str?
name                     str?^
node_count               int?
point_in_time_restore_context one any=origin unsupported
  allocated_ip_range     str
  datasource             str!
  point_in_time          str  same=case
  preferred_zone         str
  region                 str
  target_instance        str
private_ip_address       str* virtual
@project
psc_service_attachment_link str*
public_ip_address        str* virtual
region                   str?^
replica_configuration    one? sensitive
  cascadable_replica     bool any=replica
  failover_target        bool^ any=replica
{_REPLICA}
replica_names            list?
replication_cluster      one?
  dr_replica             bool* out
  failover_dr_replica_name str same=absent
  psa_write_endpoint     str?
restore_backup_context   one  unsupported
  backup_run_id          int!
  instance_id            str
  project                str
root_password            str  clash=secret sensitive keep
root_password_wo         str  clash=secret with=root_password_wo_version writeonly api=rootPassword keep
root_password_wo_version str  with=root_password_wo virtual
self_link                str*
server_ca_cert           objects* sensitive
  cert                   str*
  common_name            str*
  create_time            str*
  expiration_time        str*
  sha1_fingerprint       str*
service_account_email_address str*
{_SETTINGS}
switch_transaction_logs_to_cloud_storage_enabled bool
"""
