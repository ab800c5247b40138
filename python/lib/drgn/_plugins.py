"""Plugins: modules of others that are told of each program that is given something to debug.

They are the entry points of installed packages in the group drgn.plugins, but for those that the environment variable
DRGN_DISABLE_PLUGINS names, with commas between, in the shell's patterns; and what DRGN_PLUGINS names: NAME=FILE, NAME=MODULE, or NAME of
an entry point, which is then there though it is disabled. A plugin's function drgn_prog_set is called with the program. Those with a
lower attribute drgn_priority are called first (50 if a function has none), then by the plugins' names. What fails is logged, and a
plugin that would end the program fails.
"""

import os
import sys

_GROUP = "drgn.plugins"
_plugins = None  # (name, module or object) of those that were loaded
_hooks: dict = {}  # by their names: those of all plugins, in order


def call(hook, *args):
    """Call a hook of all plugins."""
    if not _hooks.get(hook, True):
        return  # which is so for nearly all users
    for name, f in _hooks_of(hook):
        try:
            f(*args)
        except KeyboardInterrupt:
            raise
        except BaseException:
            _failed("%r %s failed:", name, hook)


def target_set(prog):
    """Tell plugins that a program has been given what it debugs."""
    call("drgn_prog_set", prog)


def _hooks_of(hook):
    if hook not in _hooks:
        found = [(name, getattr(plugin, hook)) for name, plugin in _load() if hasattr(plugin, hook)]
        try:
            found.sort(key=lambda entry: (getattr(entry[1], "drgn_priority", 50), entry[0]))
        except TypeError:
            _failed("drgn_priority is no number:")
        _hooks[hook] = found
    return _hooks[hook]


def _load():
    global _plugins
    if _plugins is None:
        _plugins = []
        wanted = {}
        for item in filter(None, os.environ.get("DRGN_PLUGINS", "").split(",")):
            name, given, value = item.partition("=")
            if given:
                _add(name, item, lambda: _import(value))
            else:
                wanted[name] = False
        for entry in _entry_points():
            if entry.name in wanted or not _is_disabled(entry.name):
                wanted[entry.name] = True
                _add(entry.name, f"entry point '{entry.name} = {entry.value}'", entry.load)
        for name, found in wanted.items():
            if not found:
                _logger().warning("not found: %r", name)
    return _plugins


def _is_disabled(name):
    import fnmatch

    return any(fnmatch.fnmatchcase(name, pattern) for pattern in os.environ.get("DRGN_DISABLE_PLUGINS", "").split(","))


def _add(name, what, load):
    """Load a plugin."""
    what = what if what.startswith("entry point ") else repr(what)
    try:
        _plugins.append((name, load()))
    except (Exception, SystemExit):
        _failed("failed to load %s:", what.removeprefix("entry point "))
    else:
        _debug("loaded %s", what)


def _import(value):
    if "/" in value or value.endswith(".py"):
        import runpy
        import types

        return types.SimpleNamespace(**runpy.run_path(value))
    import importlib

    module, _, attributes = value.partition(":")
    plugin = importlib.import_module(module)
    for attribute in filter(None, attributes.split(".")):
        plugin = getattr(plugin, attribute)
    return plugin


def _entry_points():
    """Return the entry points of packages. Module importlib.metadata takes long to load: only if there is one."""
    if not any(map(_has_plugins, sys.path)):
        return ()
    from importlib.metadata import entry_points

    return entry_points(group=_GROUP)


def _has_plugins(directory):
    try:
        names = os.listdir(directory or ".")
    except OSError:
        return False
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            try:
                with open(os.path.join(directory, name, "entry_points.txt"), "rb") as f:
                    if _GROUP.encode() in f.read():
                        return True
            except OSError:
                pass
    return False


def _logger():
    import logging

    return logging.getLogger("drgn.plugins")


def _failed(message, *args):
    _logger().warning(message, *args, exc_info=True)


def _debug(message, *args):
    if "logging" in sys.modules:  # else nobody has asked for it
        _logger().debug(message, *args)
