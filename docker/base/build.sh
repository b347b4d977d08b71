#!/bin/sh
# Makes the image vecproof/debian:<suite> with debootstrap, for machines that reach a Debian mirror but no image
# registry. Needs root, debootstrap and Docker. DEBIAN_MIRROR: another mirror than deb.debian.org.
set -eu
suite=${1:?usage: build.sh <bookworm|trixie>}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT INT TERM

command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt-get install debootstrap" >&2; exit 3; }
[ "$(id -u)" = 0 ] || { echo "debootstrap needs root" >&2; exit 3; }

debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror"

# Without these, every image above carries about 100 MB of package caches and documentation.
cat >"$root/etc/apt/apt.conf.d/99slim" <<'CONF'
APT::Install-Recommends "0";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke {"rm -f /var/cache/apt/archives/*.deb";};
CONF
for each in doc man locale info; do
  echo "path-exclude /usr/share/$each/*"
done >"$root/etc/dpkg/dpkg.cfg.d/slim"

tar -C "$root" \
  --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' --exclude='./usr/share/doc/*' \
  --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' \
  --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -c . |
  docker import --change 'ENV DEBIAN_FRONTEND=noninteractive' --change 'CMD ["bash"]' - "vecproof/debian:$suite"
