"""Cloud Run jobs (run v2)."""

from __future__ import annotations

from typing import Final

from provisioner.sandbox.provider.resource import Resource, Spec, waits_for
from provisioner.sandbox.provider.resources.run import CHECK_GRPC, CHECK_HTTP, CHECK_TIMES, CONDITION_PARTS, Protected

_OWN: Final = "projects/{project}/locations/{location}/jobs/{name}"

# The checks of a container are written for a service, where they stand one level higher.
_PROBE: Final = f"{CHECK_TIMES}{CHECK_GRPC}{CHECK_HTTP}".replace("\n", "\n  ")

JOB: Final = Spec(
    name="google_cloud_run_v2_job",
    title="Job",
    base="run.googleapis.com/v2",
    parent="projects/{project}/locations/{location}/jobs",
    own=_OWN,
    query={"jobId": "{name}"},
    waits=waits_for(),
    mask=False,
    imports=(_OWN, "{project}/{location}/{name}", "{location}/{name}"),
    table=f"""
@annotations
binary_authorization     one
  breakglass_justification str
  policy                 str
  use_default            bool
client                   str
client_version           str
conditions               objects*{CONDITION_PARTS}
create_time              str*
creator                  str*
delete_time              str*
@policy
deletion_protection      bool default=true virtual
etag                     str*
execution_count          int*
expire_time              str*
generation               str*
@labels
last_modifier            str*
latest_created_execution objects*
  completion_time        str*
  create_time            str*
  name                   str*
launch_stage             str? in=UNIMPLEMENTED|PRELAUNCH|EARLY_ACCESS|ALPHA|BETA|GA|DEPRECATED
location                 str!^ virtual
name                     str!^ virtual same=name
observed_generation      str*
@project
reconciling              bool*
run_execution_token      str  clash=token
start_execution_token    str  clash=token
@tags
template                 one!
  annotations            map
  labels                 map
  parallelism            int?
  task_count             int?
  template               one!
    containers           blocks?
      args               list
      command            list
      depends_on         list
      env                setblocks
        name             str!
        value            str  default=
        value_source     one
          secret_key_ref one
            secret       str!
            version      str!
      image              str!
      name               str
      ports              blocks
        container_port   int
        name             str
      resources          one?
        limits           map?
      startup_probe      one?{_PROBE}
        tcp_socket       one  null empty
          port           int?
      volume_mounts      blocks
        mount_path       str!
        name             str!
        sub_path         str
      working_dir        str
    encryption_key       str
    execution_environment str? in=EXECUTION_ENVIRONMENT_GEN1|EXECUTION_ENVIRONMENT_GEN2
    gpu_zonal_redundancy_disabled bool
    max_retries          int  default=3 zero
    node_selector        one
      accelerator        str!
    service_account      str?
    timeout              str? match=seconds
    volumes              blocks
      cloud_sql_instance one
        instances        list
      empty_dir          one
        medium           str  default=MEMORY in=MEMORY
        size_limit       str
      gcs                one
        bucket           str!
        mount_options    list
        read_only        bool
      name               str!
      nfs                one
        path             str
        read_only        bool
        server           str!
      secret             one
        default_mode     int
        items            blocks
          mode           int
          path           str!
          version        str!
        secret           str!
    vpc_access           one
      connector          str
      egress             str? in=ALL_TRAFFIC|PRIVATE_RANGES_ONLY
      network_interfaces blocks
        network          str?
        subnetwork       str?
        tags             list
terminal_condition       objects*{CONDITION_PARTS}
uid                      str*
update_time              str*
""",
)


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return (Protected(JOB),)
