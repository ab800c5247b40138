"""A command of one's own, finders, and modules."""

import argparse
from typing import Any, Optional, Sequence

from drgn import (
    FindObjectFlags,
    Module,
    ModuleFileStatus,
    Object,
    Program,
    Qualifiers,
    Type,
    TypeEnumerator,
    TypeKind,
    TypeKindSet,
    TypeMember,
)
from drgn.commands import argument, command, mutually_exclusive_group, run_command
from drgn.commands.linux import linux_kernel_command
from drgn.helpers.common.prog import takes_program_or_default


@command(
    description="say how large a type is",
    arguments=(argument("type"), mutually_exclusive_group(argument("-b", action="store_true"), argument("-k", action="store_true"))),
)
def _cmd_size(prog: Program, name: str, args: argparse.Namespace, **kwargs: Any) -> Optional[int]:
    return prog.type(args.type).size


@linux_kernel_command(description="say which kernel it is")
def _cmd_which(prog: Program, name: str, args: argparse.Namespace, **kwargs: Any) -> None:
    print(prog["UTS_RELEASE"].string_().decode())


def find_object(prog: Program, name: str, flags: FindObjectFlags, filename: Optional[str]) -> Optional[Object]:
    if name == "answer" and FindObjectFlags.CONSTANT in flags:
        return Object(prog, "int", 42)
    return None


def find_type(prog: Program, kinds: TypeKindSet, name: str, filename: Optional[str]) -> Optional[Type]:
    if TypeKind.STRUCT in kinds and name == "pair":
        number = prog.int_type("int", 4, True)
        return prog.struct_type("pair", 8, (TypeMember(number, "a"), TypeMember(number, "b", 32)))
    return None


def find_files(modules: Sequence[Module]) -> None:
    for module in modules:
        if module.debug_file_status == ModuleFileStatus.WANT and module.build_id is not None:
            module.try_file(f"/debug/{module.build_id.hex()}")


@takes_program_or_default
def sizes(prog: Program, *names: str) -> "dict[str, Optional[int]]":
    return {name: prog.type(name).size for name in names}


def threads(prog: Program) -> None:
    with prog.stopped():
        for thread in prog.threads():
            print(thread.tid, thread.name, thread.stack_trace())


def main(prog: Program) -> None:
    prog.register_object_finder("mine", find_object, enable_index=0)
    prog.register_type_finder("mine", find_type, enable_index=0)
    prog.register_debug_info_finder("mine", find_files, enable_index=-1)
    colour = prog.enum_type("colour", prog.int_type("int", 4, True), [TypeEnumerator("RED", 0), TypeEnumerator("BLUE", 1)])
    print(colour.qualified(Qualifiers.CONST), [(e.name, e.value) for e in colour.enumerators or ()])
    print(prog["answer"] + 1, sizes("struct pair"), sizes(prog, "int"))
    for address, value in prog.search_memory_u64((0, 16), ignore_mask=0xFF).set_address_range(0, 1 << 20):
        print(hex(address), value + 1)
    run_command(prog, "size int", globals={})
