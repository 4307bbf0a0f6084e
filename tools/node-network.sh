#!/usr/bin/env bash
# Puts nft, iptables, conntrack and ip into .tools/bin for the tests in network namespaces, where the machine has none:
# from Debian's packages, unpacked into .tools/node-network and not installed. Best effort: what cannot be had is left
# out, and the tests that need it say that they are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/.tools/bin
root=$PWD/.tools/node-network
search=$PATH:/usr/sbin:/sbin
programs=(nft iptables iptables-restore conntrack ip)
packages=(nftables libnftables1 libnftnl11 libmnl0 libjansson4 libxtables12 libedit2 libbsd0 libmd0 iptables libip4tc2
  libip6tc2 libnetfilter-conntrack3 libnfnetlink0 conntrack iproute2 libbpf1 libelf1 libcap2 libtirpc3)

missing=()
for name in "${programs[@]}"; do PATH=$search command -v "$name" >/dev/null || missing+=("$name"); done
[ ${#missing[@]} -gt 0 ] || exit 0
skip() { echo "node network: without ${missing[*]} ($1), tests that need them are skipped" >&2; exit 0; }
[ "$(id -u)" = 0 ] || skip 'not root'
command -v apt-get >/dev/null && command -v dpkg >/dev/null || skip 'no Debian packages here'

mkdir -p "$root/packages" "$out"
cd "$root/packages"
download() { timeout 120 apt-get -o APT::Sandbox::User=root download "${packages[@]}" >/dev/null 2>&1; }
download || { timeout 120 apt-get update >/dev/null 2>&1 && download; } || skip 'their packages cannot be downloaded'
for package in *.deb; do dpkg -x "$package" "$root"; done

libraries=$(find "$root" -name '*.so*' -not -path '*/xtables/*' -printf '%h\n' | sort -u | paste -sd:)
plugins=$(find "$root" -type d -name xtables | head -1)
for name in "${missing[@]}"; do
  case $name in
  iptables*) program="$(find "$root" -name xtables-nft-multi | head -1) $name" ;;
  *) program=$(find "$root" \( -path "*/sbin/$name" -o -path "*/bin/$name" \) | head -1) ;;
  esac
  cat >"$out/$name" <<EOF
#!/bin/sh
LD_LIBRARY_PATH=$libraries XTABLES_LIBDIR=$plugins exec $program "\$@"
EOF
  chmod +x "$out/$name"
done
echo "node network: ${missing[*]} from Debian's packages, in .tools"
