"""Terraform's plugin protocol 6 as protobuf messages, built in memory.

The messages and their field numbers are facts of the protocol (Terraform's documentation, "Terraform Plugin
Protocol", version 6.8). Enumerations are declared as int32 and maps as repeated entries: both are the same on the wire.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "tfplugin6.Provider"
SEVERITY_ERROR, SEVERITY_WARNING = 1, 2
NESTING = {"single": 1, "list": 2, "set": 3}

# One message a line: name, then field:type=number; a * before the type repeats the field.
# A type that starts with a capital letter is another message of this file.
_MESSAGES = """
Empty
DynamicValue      msgpack:bytes=1 json:bytes=2
Step              attribute_name:string?=1 element_key_string:string?=2 element_key_int:int64?=3
AttributePath     steps:*Step=1
Diagnostic        severity:int32=1 summary:string=2 detail:string=3 attribute:AttributePath=4
FunctionError     text:string=1 function_argument:int64?=2
RawState          json:bytes=1
Attribute         name:string=1 type:bytes=2 description:string=3 required:bool=4 optional:bool=5 computed:bool=6\
                  sensitive:bool=7 write_only:bool=11
NestedBlock       type_name:string=1 block:Block=2 nesting:int32=3 min_items:int64=4 max_items:int64=5
Block             version:int64=1 attributes:*Attribute=2 block_types:*NestedBlock=3
Schema            version:int64=1 block:Block=2
SchemaEntry       key:string=1 value:Schema=2
Parameter         name:string=1 type:bytes=2
Return            type:bytes=1
Function          parameters:*Parameter=1 variadic_parameter:Parameter=2 return:Return=3 summary:string=4\
                  description:string=5
FunctionEntry     key:string=1 value:Function=2
ServerCapabilities plan_destroy:bool=1 get_provider_schema_optional:bool=2 move_resource_state:bool=3
ClientCapabilities deferral_allowed:bool=1 write_only_attributes_allowed:bool=2
TypeName          type_name:string=1
FunctionName      name:string=1
Timestamp         seconds:int64=1 nanos:int32=2
Imported          type_name:string=1 state:DynamicValue=2 private:bytes=3
GetMetadata.Response capabilities:ServerCapabilities=1 diagnostics:*Diagnostic=2 data_sources:*TypeName=3\
                  resources:*TypeName=4 functions:*FunctionName=5 ephemeral_resources:*TypeName=6
GetProviderSchema.Response provider:Schema=1 resource_schemas:*SchemaEntry=2 data_source_schemas:*SchemaEntry=3\
                  diagnostics:*Diagnostic=4 provider_meta:Schema=5 server_capabilities:ServerCapabilities=6\
                  functions:*FunctionEntry=7 ephemeral_resource_schemas:*SchemaEntry=8
GetResourceIdentitySchemas.Response diagnostics:*Diagnostic=2
UpgradeResourceIdentity.Request type_name:string=1
UpgradeResourceIdentity.Response diagnostics:*Diagnostic=2
ValidateProviderConfig.Request config:DynamicValue=1
ValidateProviderConfig.Response diagnostics:*Diagnostic=2
UpgradeResourceState.Request type_name:string=1 version:int64=2 raw_state:RawState=3
UpgradeResourceState.Response upgraded_state:DynamicValue=1 diagnostics:*Diagnostic=2
ValidateResourceConfig.Request type_name:string=1 config:DynamicValue=2 client_capabilities:ClientCapabilities=3
ValidateResourceConfig.Response diagnostics:*Diagnostic=1
ValidateDataResourceConfig.Request type_name:string=1 config:DynamicValue=2
ValidateDataResourceConfig.Response diagnostics:*Diagnostic=1
ConfigureProvider.Request terraform_version:string=1 config:DynamicValue=2 client_capabilities:ClientCapabilities=3
ConfigureProvider.Response diagnostics:*Diagnostic=1
ReadResource.Request type_name:string=1 current_state:DynamicValue=2 private:bytes=3
ReadResource.Response new_state:DynamicValue=1 diagnostics:*Diagnostic=2 private:bytes=3
PlanResourceChange.Request type_name:string=1 prior_state:DynamicValue=2 proposed_new_state:DynamicValue=3\
                  config:DynamicValue=4 prior_private:bytes=5
PlanResourceChange.Response planned_state:DynamicValue=1 requires_replace:*AttributePath=2 planned_private:bytes=3\
                  diagnostics:*Diagnostic=4 legacy_type_system:bool=5
ApplyResourceChange.Request type_name:string=1 prior_state:DynamicValue=2 planned_state:DynamicValue=3\
                  config:DynamicValue=4 planned_private:bytes=5
ApplyResourceChange.Response new_state:DynamicValue=1 private:bytes=2 diagnostics:*Diagnostic=3\
                  legacy_type_system:bool=4
ImportResourceState.Request type_name:string=1 id:string=2
ImportResourceState.Response imported_resources:*Imported=1 diagnostics:*Diagnostic=2
MoveResourceState.Request source_provider_address:string=1 source_type_name:string=2 source_schema_version:int64=3\
                  source_state:RawState=4 target_type_name:string=5
MoveResourceState.Response target_state:DynamicValue=1 diagnostics:*Diagnostic=2
ReadDataSource.Request type_name:string=1 config:DynamicValue=2
ReadDataSource.Response state:DynamicValue=1 diagnostics:*Diagnostic=2
GetFunctions.Response functions:*FunctionEntry=1 diagnostics:*Diagnostic=2
CallFunction.Request name:string=1 arguments:*DynamicValue=2
CallFunction.Response result:DynamicValue=1 error:FunctionError=2
ValidateEphemeralResourceConfig.Request type_name:string=1 config:DynamicValue=2
ValidateEphemeralResourceConfig.Response diagnostics:*Diagnostic=1
OpenEphemeralResource.Request type_name:string=1 config:DynamicValue=2
OpenEphemeralResource.Response diagnostics:*Diagnostic=1 renew_at:Timestamp=2 result:DynamicValue=3 private:bytes=4
RenewEphemeralResource.Request type_name:string=1 private:bytes=2
RenewEphemeralResource.Response diagnostics:*Diagnostic=1 renew_at:Timestamp=2 private:bytes=3
CloseEphemeralResource.Request type_name:string=1 private:bytes=2
CloseEphemeralResource.Response diagnostics:*Diagnostic=1
StopProvider.Response Error:string=1
"""

_F = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _F.TYPE_STRING,
    "bytes": _F.TYPE_BYTES,
    "bool": _F.TYPE_BOOL,
    "int64": _F.TYPE_INT64,
    "int32": _F.TYPE_INT32,
}


def method_names() -> tuple[str, ...]:
    """Return every RPC of the service; a method has a ``.Response`` message here."""
    names = (line.split(" ", 1)[0] for line in _MESSAGES.splitlines())
    return tuple(name.removesuffix(".Response") for name in names if name.endswith(".Response"))


@cache
def messages() -> SimpleNamespace:
    """Build all message classes once; ``GetMetadata.Response`` is found as ``GetMetadata_Response``."""
    file = descriptor_pb2.FileDescriptorProto(name="provisioner/tfplugin6.proto", package="tfplugin6", syntax="proto3")
    for line in filter(None, _MESSAGES.splitlines()):
        name, *fields = line.split()
        _describe(file.message_type.add(name=_identifier(name)), fields)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = {
        message.name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tfplugin6.{message.name}"))
        for message in file.message_type
    }
    return SimpleNamespace(**classes)


def _identifier(name: str) -> str:
    return name.replace(".", "_")


def _describe(message: descriptor_pb2.DescriptorProto, fields: list[str]) -> None:
    for text in fields:
        name, _, rest = text.partition(":")
        kind, _, number = rest.partition("=")
        field = message.field.add(name=name, number=int(number), label=_F.LABEL_OPTIONAL)
        if kind.startswith("*"):
            field.label = _F.LABEL_REPEATED
        if kind.endswith("?"):
            field.proto3_optional = True
            field.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{name}")
        _set_type(field, kind.strip("*?"))


def _set_type(field: descriptor_pb2.FieldDescriptorProto, kind: str) -> None:
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _F.TYPE_MESSAGE
        field.type_name = f".tfplugin6.{kind}"
