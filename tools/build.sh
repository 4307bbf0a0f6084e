#!/usr/bin/env bash
# Puts the programs that podid needs into .tools/bin, at the versions of tools/*/go.mod: `build.sh opa` the policy
# compiler, `build.sh control-plane` etcd, kube-apiserver and kubectl for the tests. One that fits from $OPA,
# $KUBEBUILDER_ASSETS or PATH is linked; otherwise it is built with Go, once for each go.mod and go.sum.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/.tools/bin
mkdir -p "$out"
export CGO_ENABLED=0 GOWORK=off GOFLAGS="${GOFLAGS:-} -buildvcs=false"

version() { awk -v module="$2" '{ for (i = 1; i < NF; i++) if ($i == module) { sub(/^v/, "", $(i + 1)); print $(i + 1); exit } }' "tools/$1/go.mod"; }

# Whether program $1, asked for its version with $3, says $2 (and $4, where given).
fits() {
  [ -x "$1" ] && [ "$(realpath "$1")" != "$out/$(basename "$1")" ] || return 1
  local said
  # shellcheck disable=SC2086 # several words
  said=$("$1" $3 2>/dev/null) || return 1
  grep -qwF "$2" <<<"$said" && grep -qF "${4:-}" <<<"$said"
}

# $1 program, $2 module folder, $3 package, $4 version, $5 how it tells its version, $6 what else that must say,
# $7 how long a build takes, then the flags of the build.
tool() {
  local name=$1 folder=$2 package=$3 wanted=$4 ask=$5 also=$6 takes=$7 directory candidate stamp
  shift 7
  stamp=$(cat "tools/$folder/go.mod" "tools/$folder/go.sum" tools/build.sh | sha256sum | cut -c1-16)
  if [ -x "$out/$name" ] && [ "$(cat "$out/.$name" 2>/dev/null)" = "$stamp" ]; then return; fi
  local directories="${KUBEBUILDER_ASSETS:-}:$PATH"
  if [ "$name" = opa ] && [ -n "${OPA:-}" ]; then directories="$(dirname "$OPA"):$directories"; fi
  while read -rd : directory; do
    candidate=$directory/$name
    if [ -n "$directory" ] && fits "$candidate" "$wanted" "$ask" "$also"; then
      ln -sf "$(realpath "$candidate")" "$out/$name"
      echo "$stamp" >"$out/.$name"
      echo "$name $wanted: using $candidate"
      return
    fi
  done <<<"$directories:"
  if ! command -v go >/dev/null; then
    echo "$name $wanted is needed: install Go 1.26 or newer, or put a $name $wanted on PATH" >&2
    exit 3
  fi
  echo "$name $wanted: building it once with Go into .tools/bin ($takes; seconds when Go has built it before)"
  rm -f "$out/$name"
  go -C "tools/$folder" build -trimpath "$@" -o "$out/$name" "$package"
  echo "$stamp" >"$out/.$name"
}

case "${1:-}" in
opa)
  tool opa opa github.com/open-policy-agent/opa "$(version opa github.com/open-policy-agent/opa)" version \
    'WebAssembly: available' '1 to 4 minutes' -tags opa_wasm -ldflags '-s -w'
  ;;
control-plane)
  kubernetes=$(version kube k8s.io/kubernetes)
  # Without these a program calls itself v0.0.0-master, which breaks tools that read /version.
  flags="-s -w -X k8s.io/component-base/version.gitVersion=v$kubernetes -X k8s.io/component-base/version.gitMajor=1"
  flags+=" -X k8s.io/component-base/version.gitMinor=$(cut -d. -f2 <<<"$kubernetes")"
  flags+=" -X k8s.io/client-go/pkg/version.gitVersion=v$kubernetes"
  tool etcd etcd go.etcd.io/etcd/server/v3 "$(version etcd go.etcd.io/etcd/server/v3)" --version '' \
    '20 to 60 seconds' -ldflags '-s -w'
  tool kube-apiserver kube k8s.io/kubernetes/cmd/kube-apiserver "v$kubernetes" --version '' \
    '4 to 10 minutes' -ldflags "$flags"
  tool kubectl kube k8s.io/kubernetes/cmd/kubectl "v$kubernetes" 'version --client' '' \
    '20 to 90 seconds' -ldflags "$flags"
  ;;
*)
  echo 'usage: tools/build.sh opa | control-plane' >&2
  exit 2
  ;;
esac
