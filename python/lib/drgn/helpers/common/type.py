"""Types: enumerations as classes, members by their offsets."""

import drgn

__all__ = ("enum_type_to_class", "member_at_offset", "typeof_member")


def _type(type):
    return drgn.get_default_prog().type(type) if isinstance(type, str) else type


def enum_type_to_class(type, name, exclude=(), prefix=""):
    """Return an enum.IntEnum called name that has the enumerators of a type.

    Enumerators in exclude are left out, and prefix is cut off where a name starts with it.
    """
    import enum

    if type.enumerators is None:
        raise TypeError("enum type is incomplete")
    members = [(n.removeprefix(prefix), value) for n, value in type.enumerators if n not in exclude]
    return enum.IntEnum(name, members)


def typeof_member(type, member):
    """Return the type of the member that a designator such as "mm" or "se.avg" names in a type.

    type is a structure, union or class, or its name in the default program.
    """
    type = _type(type)
    return drgn.Object(type.prog, type, address=0).subobject_(member).type_


def member_at_offset(type, offset):
    """Return the name of the member that lies at an offset in bytes in a type: the opposite of offsetof().

    It is a designator such as "se.avg" or "comm[4]"; an offset into the middle of a member is added: "pid+0x2". Members
    of a union, which lie at the same place, are joined by " or ". A place of no member is "<padding>", one past the type
    "<past end>".

    type is a structure, union, class or array, or its name in the default program.
    """
    type, offset = _type(type), int(offset)
    kind = type.unaliased_kind()
    compound = (drgn.TypeKind.STRUCT, drgn.TypeKind.UNION, drgn.TypeKind.CLASS)
    if kind not in compound and kind != drgn.TypeKind.ARRAY:
        raise TypeError(f"'{type.type_name()}' is not a structure, union, class, or array")
    if offset < 0:
        raise ValueError("offset must not be negative")
    if offset >= drgn.sizeof(type):
        return "<past end>"
    names = list(dict.fromkeys(_members_at(type, 8 * offset, compound)))
    return " or ".join(names) if names else "<padding>"


def _members_at(type, bit, compound):
    """Walk the designators of what lies at a bit of a type, without a leading point."""
    while type.kind == drgn.TypeKind.TYPEDEF:
        type = type.type
    if type.kind == drgn.TypeKind.ARRAY:
        size = 8 * drgn.sizeof(type.type)
        if size and (type.length is None or bit // size < type.length):
            for name in _members_at(type.type, bit % size, compound):
                yield f"[{bit // size}]" + ("." + name if name[:1] not in ("", "[", "+") else name)
    elif type.kind in compound:
        for member in type.members or ():
            inner = member.type
            size = member.bit_field_size
            if size is None:
                size = 8 * drgn.sizeof(inner) if inner.is_complete() else 0
            # Offsets are those of bytes: a bit-field is in all bytes that it has a bit in.
            start = member.bit_offset if member.bit_field_size is None else member.bit_offset // 8 * 8
            if not start <= bit < member.bit_offset + size:
                continue
            for name in _members_at(inner, bit - start, compound) if member.bit_field_size is None else [""]:
                if member.name is None:
                    yield name
                else:
                    yield member.name + ("." + name if name[:1] not in ("", "[", "+") else name)
    else:
        yield f"+{bit // 8:#x}" if bit else ""
