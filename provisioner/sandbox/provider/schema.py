"""Tables as schema messages of the protocol."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox.provider import protocol, values
from provisioner.sandbox.provider.fields import Field

Message = Any  # message classes are made at run time


def schema_message(fields: tuple[Field, ...], *, version: int = 0, timeouts: tuple[str, ...] = ()) -> Message:
    """Return the Schema message of a table; ``timeouts`` names the operations of its ``timeouts`` block."""
    block = _block(fields)
    if timeouts:
        inner = protocol.messages().Block()
        for name in timeouts:
            inner.attributes.add(name=name, type=values.type_json("string"), optional=True)
        block.block_types.add(type_name="timeouts", block=inner, nesting=protocol.NESTING["single"])
    return protocol.messages().Schema(version=version, block=block)


def _block(fields: tuple[Field, ...]) -> Message:
    block = protocol.messages().Block()
    for field in fields:
        if field.is_block:
            block.block_types.add(
                type_name=field.name,
                block=_block(field.parts),
                nesting=protocol.NESTING[field.nesting],
                min_items=field.min_items,
                max_items=field.max_items,
            )
        else:
            _add_attribute(block, field)
    return block


def _add_attribute(block: Message, field: Field) -> None:
    block.attributes.add(
        name=field.name,
        type=values.type_json(field.type),
        required=field.required,
        optional=field.optional,
        computed=field.computed,
        sensitive="sensitive" in field.flags,
        write_only="writeonly" in field.flags,
    )
