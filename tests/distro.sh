#!/bin/bash
# Builds the module and runs the tests in a folder that holds another Debian release.
#
#   tests/distro.sh trixie|sid [--folder DIR] [--fresh] [--python X.Y] [arguments of tests/run.sh]
#
# --folder DIR  where the release lives (default: /var/tmp/mod_python-distro/SUITE); made with debootstrap at first use
# --fresh       make it anew
# --python X.Y  the release's package of that Python, where it has more than one (default: its python3)
# Needs root. The Rust toolchain, pip's and apt's settings and the certificates are this machine's; Python, httpd,
# compiler and libraries are the release's. The mounts are in a namespace of their own: they end with this script.
set -euo pipefail

stop() {
    printf 'tests/distro.sh: %s\n' "$*" >&2
    exit 2
}

[ $# -ge 1 ] || stop "which release? trixie or sid"
suite=$1 && shift
case $suite in
    [a-z]*) ;;
    *) stop "$suite is not the name of a Debian release" ;;
esac

folder=/var/tmp/mod_python-distro/$suite
fresh=
python=
while [ $# -gt 0 ]; do
    case $1 in
        --python) python=${2:?--python needs a value} && shift 2 ;;
        --folder) folder=${2:?--folder needs a value} && shift 2 ;;
        --fresh) fresh=yes && shift ;;
        *) break ;;
    esac
done
case $folder in
    /*/*) ;;
    *) stop "--folder must be an absolute path below another folder, not $folder" ;;
esac
case $python in
    '' | [0-9]*.[0-9]*) ;;
    *) stop "--python must be a version such as 3.15, not $python" ;;
esac
[ "$(id -u)" = 0 ] || stop "debootstrap and chroot need root"

# Everything below runs again inside a mount namespace of its own.
if [ -z "${MOD_PYTHON_DISTRO_INSIDE:-}" ]; then
    if ! command -v debootstrap >/dev/null; then
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends debootstrap
    fi
    MOD_PYTHON_DISTRO_INSIDE=yes exec unshare --mount "$0" "$suite" --folder "$folder" ${fresh:+--fresh} \
        ${python:+--python "$python"} "$@"
fi

command -v cargo >/dev/null || PATH=$PATH:${HOME:-}/.cargo/bin
root=$(cd "$(dirname "$0")/.." && pwd -P)
cargo_home=${CARGO_HOME:-$HOME/.cargo}
rustup_home=${RUSTUP_HOME:-$HOME/.rustup}

[ -z "$fresh" ] || rm -rf --one-file-system "$folder"
if [ ! -e "$folder/etc/mod_python-distro" ]; then
    mkdir -p "$folder"
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$folder"
    : >"$folder/etc/mod_python-distro"
fi

# What this machine needs to reach its registries, the release needs too.
cp -L /etc/resolv.conf /etc/hosts "$folder/etc/"
mkdir -p "$folder/usr/local/share/ca-certificates"
cp -a /usr/local/share/ca-certificates/. "$folder/usr/local/share/ca-certificates/"
for settings in /etc/pip.conf /etc/apt/apt.conf.d/*registry*; do
    [ ! -e "$settings" ] || cp -a "$settings" "$folder$settings"
done
# No service starts by being installed.
printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
chmod +x "$folder/usr/sbin/policy-rc.d"

for place in proc sys dev dev/shm; do
    mkdir -p "$folder/$place"
    mount --bind "/$place" "$folder/$place"
done
for place in "$cargo_home" "$rustup_home"; do
    mkdir -p "$folder$place"
    mount --bind "$place" "$folder$place"
done

# The tree as it is on the disk, without what is built. The target folder of an earlier run stays where it is.
tree=/srv/mod_python
mkdir -p "$folder$tree"
find "$folder$tree" -mindepth 1 -maxdepth 1 ! -name target -exec rm -rf --one-file-system {} +
(cd "$root" && git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | tar -cf - -T -) |
    tar -C "$folder$tree" -xf -

# chroot keeps the environment: only what the tests need goes in.
exec env -i CI="${CI:-}" LC_ALL=C.UTF-8 HOME=/root CARGO_HOME="$cargo_home" RUSTUP_HOME="$rustup_home" \
    PATH="$cargo_home/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    chroot "$folder" /bin/sh -c '
        set -e
        update-ca-certificates >/dev/null
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends python3 procps \
            ${2:+"python$2-dev" "python$2-venv"} >/dev/null
        python=/usr/bin/python${2:-3}
        . /etc/os-release
        printf "\n==== %s, %s\n" "$PRETTY_NAME" "$("$python" --version)"
        cd "$1" && shift 2
        exec tests/run.sh --python "$python" "$@"
    ' sh "$tree" "$python" "$@"
