#!/bin/sh
# Records the public names of the reference; GODRGN_REFERENCE_PYTHON names a Python that can import it.
cd "$(dirname "$0")" || exit 1
PYTHONWARNINGS=ignore ${GODRGN_REFERENCE_PYTHON:-python3} record.py names.txt
