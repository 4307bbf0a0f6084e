#!/usr/bin/env bash
# Lints Rego with Regal where there is one: $REGAL or PATH. It cannot be pinned here (decision 0003).
set -euo pipefail
cd "$(dirname "$0")/.."
regal=${REGAL:-$(command -v regal || true)}
if [ -z "$regal" ] || [ ! -x "$regal" ]; then
  echo "regal: NOT RUN, none found; set REGAL or put regal 0.42 on PATH to lint the Rego files"
  exit 0
fi
exec "$regal" lint policies/bundle test/policies
