"""Cloud Run services (run v2)."""

from __future__ import annotations

from typing import Final

from provisioner.sandbox.provider.configuration import Configuration
from provisioner.sandbox.provider.errors import ProviderError
from provisioner.sandbox.provider.resource import Resource, Spec, State, waits_for

CONDITION_PARTS: Final = """
  execution_reason       str*
  last_transition_time   str*
  message                str*
  reason                 str*
  revision_reason        str*
  severity               str*
  state                  str*
  type                   str*"""

CHECK_HTTP: Final = """
      http_get           one
        http_headers     blocks
          name           str!
          value          str  default=
        path             str  default=/
        port             int?"""
CHECK_GRPC: Final = """
      grpc               one  null empty
        port             int?
        service          str"""
CHECK_TIMES: Final = """
      failure_threshold  int  default=3
      initial_delay_seconds int default=0
      period_seconds     int  default=10
      timeout_seconds    int  default=1"""

VOLUMES: Final = """
  volumes                blocks
    cloud_sql_instance   one
      instances          set
    empty_dir            one
      medium             str  default=MEMORY in=MEMORY
      size_limit         str
    gcs                  one
      bucket             str!
      mount_options      list
      read_only          bool
    name                 str!
    nfs                  one
      path               str!
      read_only          bool
      server             str!
    secret               one
      default_mode       int
      items              blocks
        mode             int
        path             str!
        version          str
      secret             str!
  vpc_access             one
    connector            str  clash=way
    egress               str? in=ALL_TRAFFIC|PRIVATE_RANGES_ONLY
    network_interfaces   blocks clash=way
      network            str?
      subnetwork         str?
      tags               list"""

_CONTAINERS: Final = f"""
  containers             blocks
    args                 list
    base_image_uri       str
    build_info           objects*
      function_target    str*
      source_location    str*
    command              list
    depends_on           list
    env                  setblocks
      name               str!
      value              str  default=
      value_source       one
        secret_key_ref   one
          secret         str!
          version        str
    image                str!
    liveness_probe       one{CHECK_TIMES}{CHECK_GRPC}{CHECK_HTTP}
      tcp_socket         one
        port             int!
    name                 str
    ports                one? array
      container_port     int
      name               str?
    readiness_probe      one
      failure_threshold  int?{CHECK_GRPC}
      http_get           one
        path             str?
        port             int?
      period_seconds     int?
      success_threshold  int?
      timeout_seconds    int?
    resources            one?
      cpu_idle           bool
      limits             map? same=limits
      startup_cpu_boost  bool
    sandbox_launcher     bool unsupported
    startup_probe        one?{CHECK_TIMES}{CHECK_GRPC}{CHECK_HTTP}
      tcp_socket         one  null empty
        port             int?
    volume_mounts        blocks
      mount_path         str!
      name               str!
      sub_path           str
    working_dir          str"""

_SANDBOXES: Final = """
  sandboxes              one  unsupported
    templates            blocks
      args               list
      command            list
      env                setblocks
        name             str!
        value            str  default=
      image              str!
      name               str!
      volume_mounts      blocks
        mount_path       str!
        name             str!
        sub_path         str
      working_dir        str"""

_INGRESS: Final = "|".join(f"INGRESS_TRAFFIC_{kind}" for kind in ("ALL", "INTERNAL_ONLY", "INTERNAL_LOAD_BALANCER"))
_OWN: Final = "projects/{project}/locations/{location}/services/{name}"

SERVICE: Final = Spec(
    name="google_cloud_run_v2_service",
    title="Service",
    base="run.googleapis.com/v2",
    parent="projects/{project}/locations/{location}/services",
    own=_OWN,
    query={"serviceId": "{name}"},
    waits=waits_for(),
    mask=False,
    imports=(_OWN, "{project}/{location}/{name}", "{location}/{name}"),
    table=f"""
@annotations
binary_authorization     one
  breakglass_justification str
  policy                 str
  use_default            bool
build_config             one
  base_image             str
  enable_automatic_updates bool
  environment_variables  map
  function_target        str
  image_uri              str
  name                   str*
  service_account        str
  source_location        str
  worker_pool            str
client                   str
client_version           str
conditions               objects*{CONDITION_PARTS}
create_time              str*
creator                  str*
custom_audiences         list
default_uri_disabled     bool
delete_time              str*
@policy
deletion_protection      bool default=true virtual
description              str
etag                     str*
expire_time              str*
generation               str*
iap_enabled              bool
ingress                  str? in={_INGRESS}
invoker_iam_disabled     bool
@labels
last_modifier            str*
latest_created_revision  str*
latest_ready_revision    str*
launch_stage             str? in=UNIMPLEMENTED|PRELAUNCH|EARLY_ACCESS|ALPHA|BETA|GA|DEPRECATED
location                 str!^ virtual
multi_region_settings    one
  multi_region_id        str*
  regions                list
name                     str!^ virtual same=name
observed_generation      str*
@project
reconciling              bool*
scaling                  one? same=empty
  manual_instance_count  int?
  max_instance_count     int?
  min_instance_count     int?
  scaling_mode           str  in=AUTOMATIC|MANUAL
@tags
template                 one!
  annotations            map
{_CONTAINERS}
  encryption_key         str
  execution_environment  str  in=EXECUTION_ENVIRONMENT_GEN1|EXECUTION_ENVIRONMENT_GEN2
  gpu_zonal_redundancy_disabled bool
  health_check_disabled  bool
  labels                 map
  max_instance_request_concurrency int?
  node_selector          one
    accelerator          str!
  revision               str
{_SANDBOXES}
  scaling                one?
    max_instance_count   int?
    min_instance_count   int
  service_account        str?
  session_affinity       bool
  timeout                str? match=seconds
{VOLUMES}
terminal_condition       objects*{CONDITION_PARTS}
traffic                  blocks?
  percent                int?
  revision               str
  tag                    str
  type                   str  in=TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST|TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
traffic_statuses         objects*
  percent                int*
  revision               str*
  tag                    str*
  type                   str*
  uri                    str*
uid                      str*
update_time              str*
uri                      str*
urls                     list*
""",
)


class Protected(Resource):
    """A type that its ``deletion_protection`` keeps from being destroyed, before any call is made."""

    def keeps_object(self, configuration: Configuration, state: State) -> bool:
        """Refuse while the protection is on."""
        if state.get("deletion_protection"):
            raise ProviderError(
                f"cannot destroy {self.spec.title.lower()} without setting deletion_protection=false "
                "and running `terraform apply`",
                path=("deletion_protection",),
            )
        return super().keeps_object(configuration, state)


def resources() -> tuple[Resource, ...]:
    """Return the types of this module."""
    return (Protected(SERVICE),)
