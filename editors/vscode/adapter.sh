#!/bin/sh
# What VS Code starts: the drgn that is in PATH, or that DRGN names.
exec "${DRGN:-drgn}" dap
