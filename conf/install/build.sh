# Builds the module with cargo. Sourced by conf/install.sh.

# Sets module to a built mod_python.so, and builds it unless --module named one. cargo decides what is out of date.
need_module() {
    if [ -n "$module" ]; then
        return
    fi
    need_apxs
    need_python
    need_libclang
    need_cargo
    target=$(target_dir)
    warn "building for Python $python_version ($python) in $target"
    (
        cd "$root"
        APXS=$apxs PYO3_PYTHON=$python CARGO_TARGET_DIR=$target cargo build --release --locked >&2
    ) || stop "the build failed: see above."
    module=$target/release/libmod_python.so
    # SONAME and name differ on purpose: cargo's lib prefix goes when the file is installed.
    [ -f "$module" ] || stop "cargo built no $module."
}

# One target directory per Python that was named, target/py<version>-<hash of its path>: a build for one Python then
# never replaces, and never mixes with, the build for another, and going back to it costs nothing.
# Without a name it is cargo's own directory, the one that a plain `cargo build` uses.
target_dir() {
    if [ -n "$python_named" ]; then
        printf '%s/py%s-%s\n' "${CARGO_TARGET_DIR:-$root/target}" "$python_version" \
            "$(printf '%s' "$python" | sha256sum | cut -c1-8)"
    else
        printf '%s\n' "${CARGO_TARGET_DIR:-$root/target}"
    fi
}

# Warns where httpd's children will not be able to read the Python, as with one below /root.
check_readable() {
    if [ -z "${python_prefix:-}" ]; then
        return
    fi
    folder=$python_prefix
    while [ "$folder" != / ]; do
        if [ -z "$(find "$folder" -prune -perm -0001)" ]; then
            warn "other users cannot enter $folder, so httpd's children cannot read the Python in $python_prefix;" \
                "open the folder or build for another Python with --python."
            return
        fi
        folder=$(dirname -- "$folder")
    done
}
