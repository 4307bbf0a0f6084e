#!/usr/bin/env bash
# Puts Azure SDKs of other languages into .tools/clients, at the versions of tools/clients, for the tests that have them
# ask podid for tokens (test/integration/clients): Python's azure-identity and msal as a virtual environment, Go's
# azidentity as a program. Each once for its list of versions. Without Python or Go the tests of that SDK are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/.tools/clients
mkdir -p "$out"

stamp() { cat "$@" tools/clients.sh | sha256sum | cut -c1-16; }
# Whether what is there was made from what $2 says.
stands() { [ -e "$out/$1" ] && [ "$(cat "$out/.$1" 2>/dev/null)" = "$2" ]; }

python() {
  local wanted
  if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    echo 'clients: no python3 with venv here, so the SDKs for Python are not tested' >&2
    return
  fi
  wanted=$(stamp tools/clients/python/requirements.txt <(python3 --version))
  if stands python "$wanted"; then return; fi
  echo 'clients: installing azure-identity and msal for Python (about 20 seconds, once)'
  rm -rf "$out/python"
  python3 -m venv "$out/python"
  "$out/python/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
    -r tools/clients/python/requirements.txt
  echo "$wanted" >"$out/.python"
}

azidentity() {
  local wanted
  if ! command -v go >/dev/null; then
    echo 'clients: no go here, so the SDK for Go is not tested' >&2
    return
  fi
  wanted=$(stamp tools/clients/go/go.mod tools/clients/go/go.sum tools/clients/go/main.go)
  if stands azidentity "$wanted"; then return; fi
  echo 'clients: building azidentity for Go (about 20 seconds, once)'
  CGO_ENABLED=0 GOWORK=off go -C tools/clients/go build -trimpath -buildvcs=false -o "$out/azidentity" .
  echo "$wanted" >"$out/.azidentity"
}

python
azidentity
