#!/bin/sh
# Fetch and verify the data sets; --sample makes a small one without network. All the work is in lib/datasets.
# Windows: python -m lib.datasets
here=$(dirname -- "$0")
cd -- "$here" || exit 1

if [ ! -f lib/datasets/__main__.py ]; then
    echo "get_datasets.sh: lib/datasets is not in $(pwd). Unpack the whole release and run the script in its folder." >&2
    exit 1
fi

# $PYTHON, then the environment of this folder (made by make setup), then what the shell knows.
for python in "${PYTHON:-}" .venv/bin/python .venv/Scripts/python.exe python3 python; do
    if [ -n "$python" ] && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        exec "$python" -m lib.datasets "$@"
    fi
done

echo "get_datasets.sh: no Python 3.11 or newer found. Install one, or say where it is: PYTHON=/path/to/python ./get_datasets.sh" >&2
exit 1
