"""What drgn's own programs and tests share, for programs that import it from there."""


def __getattr__(name):
    if name not in ("argparseformatter", "elf", "multilinewrap", "platform", "plugins", "typingutils"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return importlib.import_module(f"{__name__}.{name}")
