# Finds the tools of a build, and says in one sentence which package is missing. Sourced by conf/install.sh.

say() {
    printf '%s\n' "$*"
}

warn() {
    printf 'install.sh: %s\n' "$*" >&2
}

stop() {
    warn "$*"
    exit 1
}

# The absolute form of a path that need not exist yet.
absolute() {
    case $1 in
        /*) printf '%s\n' "${1%/}" ;;
        *) printf '%s/%s\n' "$PWD" "${1%/}" ;;
    esac
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Sets apxs, libexecdir and sysconfdir.
need_apxs() {
    if [ -z "$apxs" ]; then
        for candidate in apxs apxs2; do
            if have "$candidate"; then
                apxs=$(command -v "$candidate")
                break
            fi
        done
    fi
    libexecdir=
    if [ -n "$apxs" ] && have "$apxs"; then
        libexecdir=$("$apxs" -q LIBEXECDIR) || libexecdir=
    fi
    if [ -z "$libexecdir" ]; then
        stop "${apxs:-apxs} was not found or does not work: install apache2-dev on Debian or httpd-devel on Fedora," \
            "or name it with --apxs."
    fi
    sysconfdir=$("$apxs" -q SYSCONFDIR)
    # The module finds its package by its own real path, so links on the way are resolved before ".." is taken.
    if [ -d "$libexecdir" ]; then
        libexecdir=$(CDPATH='' cd -- "$libexecdir" && pwd -P)
    fi
}

# Asks a Python what a build has to know: implementation, version, executable, shared library, prefix.
python_facts() {
    "$1" -c '
import os, sys, sysconfig
value = sysconfig.get_config_var
name = value("LDLIBRARY") or ""
found = [d for d in (value("LIBDIR"), value("LIBPL")) if d and os.path.exists(os.path.join(d, name))]
print(getattr(getattr(sys, "implementation", None), "name", "cpython"))
print("%d.%d" % sys.version_info[:2])
print(os.path.realpath(sys.executable))
print("shared" if value("Py_ENABLE_SHARED") and ".so" in name and found else "static")
print(os.path.realpath(getattr(sys, "base_prefix", sys.prefix)))
'
}

# Sets python to the real executable, python_version (as 3.11) and python_prefix.
need_python() {
    if [ -z "$python" ]; then
        if [ -x /usr/bin/python3 ]; then
            # httpd is the distribution's, and so is the Python that its children can read.
            python=/usr/bin/python3
        else
            python=python3
        fi
    fi
    facts=
    if have "$python"; then
        facts=$(python_facts "$python") || facts=
    fi
    if [ -z "$facts" ]; then
        stop "$python was not found or does not run: install python3-dev on Debian or python3-devel on Fedora, or name" \
            "another Python with --python."
    fi
    { read -r implementation; read -r python_version; read -r executable; read -r library; read -r python_prefix; } <<FACTS
$facts
FACTS
    minor=${python_version#3.}
    if [ "$implementation" != cpython ] || [ "$minor" = "$python_version" ] || [ "$minor" -lt 10 ]; then
        stop "$python is $implementation $python_version, and CPython 3.10 or newer is needed: install python3-dev on" \
            "Debian 12 or python3-devel on Fedora, or name another Python with --python."
    fi
    if [ "$library" != shared ]; then
        stop "$python has no shared libpython to link with: install python3-dev on Debian or python3-devel on Fedora," \
            "or name a Python built with --enable-shared with --python."
    fi
    python=$executable
}

need_cargo() {
    if ! have cargo && [ -x "${HOME:-}/.cargo/bin/cargo" ]; then
        PATH=$PATH:$HOME/.cargo/bin
        export PATH
    fi
    have cargo || stop "cargo was not found: install rustup on Debian (13, or https://rustup.rs) or cargo on Fedora;" \
        "Rust $(rust_needed) or newer is needed."
    rust_here=$(cargo --version | sed 's/^cargo \([0-9]*\.[0-9]*\).*/\1/')
    case $rust_here in
        1.*[0-9])
            [ "${rust_here#1.}" -ge "$(rust_needed | sed 's/^1\.//')" ] || stop "cargo is $rust_here, and" \
                "$(rust_needed) or newer is needed: install rustup on Debian (13, or https://rustup.rs) or cargo on Fedora."
            ;;
    esac
    have cc || stop "cc was not found: install gcc (the same name on Debian and Fedora)."
}

# The Rust version that Cargo.toml asks for.
rust_needed() {
    sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml"
}

# bindgen opens libclang at build time; these are the places where it looks (LIBCLANG_PATH alone, when it is set).
libclang_found() {
    if [ -n "${LIBCLANG_PATH:-}" ]; then
        set -- "$LIBCLANG_PATH" "$LIBCLANG_PATH"/libclang*.so*
    else
        set -- /usr/lib*/libclang*.so* /usr/lib*/*/libclang*.so* /usr/lib*/*/*/libclang*.so* \
            /usr/local/lib*/libclang*.so* /usr/local/llvm*/lib*/libclang*.so*
        if have llvm-config; then
            set -- "$@" "$(llvm-config --prefix)"/lib*/libclang*.so*
        fi
    fi
    for file in "$@"; do
        case ${file##*/} in
            libclang-cpp*) ;;
            libclang*.so*) if [ -f "$file" ]; then return 0; fi ;;
        esac
    done
    return 1
}

need_libclang() {
    libclang_found || stop "libclang was not found: install libclang-dev on Debian or clang-devel on Fedora, or set" \
        "LIBCLANG_PATH to its folder."
}
