#!/bin/sh
# Records what the reference prints: record.sh NAME...
cd "$(dirname "$0")" || exit 1
for name in "$@"; do
	PYTHONWARNINGS=ignore ${GODRGN_REFERENCE_PYTHON:-python3} run.py "$name.py" >"$name.expected" || exit 1
done
