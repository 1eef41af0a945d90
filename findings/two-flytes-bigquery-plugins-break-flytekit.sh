#!/usr/bin/env bash
# With the BigQuery plug-ins of both Flytes in one environment, nothing of flytekit can be imported.
#
# Guess:   the two SDKs are separate packages with separate plug-ins, so a team that migrates installs both, and `pip
#          check`, which finds nothing, is to be believed.
# Happens: flytekitplugins-bigquery 1.16.31 wants numpy below 2; flyteplugins-bigquery 2.12.1 brings pyarrow, which from
#          26 on refuses such a numpy when it is imported, but says nothing of numpy in its metadata. flytekit imports
#          every plug-in that is installed, Google's client takes the half-imported pyarrow for a whole one, and
#          `import flytekit` ends in an AttributeError of pyarrow, in files that use no BigQuery, too. `import flyte`
#          goes on. With pyarrow 22 both work.
# Matters: one image for the connectors of both Flytes does not start, and the text names neither numpy nor a plug-in.
#          Pin pyarrow, or keep the two in environments of their own.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
install() { venv/bin/pip install --quiet --disable-pip-version-check "$@"; }

cat > imports.py <<'PY'
import importlib
import importlib.metadata
import sys

versions = [f"{name} {importlib.metadata.version(name)}" for name in ("flytekit", "flyte", "numpy", "pyarrow")]
try:
    importlib.import_module(sys.argv[1])
    said = "imported"
except Exception as error:
    said = f"{type(error).__name__}: {error}"
print(", ".join(versions), "| import", sys.argv[1], "|", said)
if said != sys.argv[2]:
    raise SystemExit(f"CHANGED: expected {sys.argv[2]}")
PY
both=('flytekit==1.16.31' 'flytekitplugins-bigquery==1.16.31' 'flyte==2.12.1' 'flyteplugins-bigquery==2.12.1')
install "${both[@]}" 'pyarrow==26.0.1'
venv/bin/pip check --disable-pip-version-check
export HOME=$work
venv/bin/python imports.py flytekit "AttributeError: module 'pyarrow' has no attribute 'bool_'"
venv/bin/python imports.py flyte imported
install 'pyarrow==22.0.0'
venv/bin/python imports.py flytekit imported
