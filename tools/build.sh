#!/usr/bin/env bash
# Puts the OPA of tools/opa/go.mod into .tools/bin, unless $OPA or PATH already has a fitting one.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=$(sed -n 's#^.*github.com/open-policy-agent/opa v\([0-9.]*\).*#\1#p' tools/opa/go.mod | head -n 1)

fits() {
  [ -x "$1" ] || return 1
  local version
  version=$("$1" version 2>/dev/null) || return 1
  grep -qx "Version: $wanted" <<<"$version" && grep -qx "WebAssembly: available" <<<"$version"
}

mkdir -p .tools/bin
if fits .tools/bin/opa; then exit 0; fi
for candidate in "${OPA:-}" "$(command -v opa || true)"; do
  if [ -n "$candidate" ] && fits "$candidate"; then
    ln -sf "$(realpath "$candidate")" .tools/bin/opa
    echo "opa $wanted: using $candidate"
    exit 0
  fi
done
if ! command -v go >/dev/null; then
  echo "opa $wanted is needed: install Go 1.26 or newer, or point \$OPA at an opa $wanted binary" >&2
  exit 3
fi
echo "opa $wanted: building it once with Go into .tools/bin (1 to 4 minutes)"
out="$PWD/.tools/bin/opa"
(cd tools/opa && CGO_ENABLED=0 go build -tags opa_wasm -trimpath -ldflags '-s -w' -o "$out" github.com/open-policy-agent/opa)
