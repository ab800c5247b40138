"""The prompt of crash's commands as a program of its own: drgn-crash."""

import sys

__all__ = ()


def _main() -> int:
    """Run drgn-crash with the arguments of sys.argv, and return the exit code."""
    from drgn.__main__ import main

    sys.argv[1:1] = ["crash"]
    return main()


def _run(globals):
    """Run the prompt until its user leaves."""
    from drgn import ProgramFlags, get_default_prog
    from drgn.commands._crash import _cmd_crash

    prog = get_default_prog()
    if not prog.flags & ProgramFlags.IS_LINUX_KERNEL:
        sys.exit("drgn: crash's commands are for kernels")
    _cmd_crash(prog, "crash", "", globals=globals)


if __name__ == "__main__":
    sys.exit(_main())
