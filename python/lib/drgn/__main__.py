"""python3 -m drgn: drgn's command line in the Python that has imported it."""

import sys

import _drgn


def main() -> int:
    """Run the command line of sys.argv and return the exit code."""
    code = _drgn._command_line(sys.argv[1:], sys.executable)
    if code is None:
        import _drgn_main

        code = _drgn_main.main()
        if code < 0:  # the traceback was shown; the interpreter ends by SIGINT
            sys.excepthook = lambda *raised: None
            raise KeyboardInterrupt
    return code


if __name__ == "__main__":
    sys.exit(main())
