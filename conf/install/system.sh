# Where things go: httpd's own folders, by the manifest, or a prefix. Sourced by conf/install.sh.

# Sets pythondir and manifest; the module looks for its package in ../python/mod_python from its own folder.
system_paths() {
    need_apxs
    pythondir=$(dirname -- "$libexecdir")/python
    manifest=$pythondir/mod_python.manifest
}

# Prints the plan lines of python.load and python.conf, and sets how to enable the module.
plan_config() {
    sed "s|@MODULE@|$libexecdir/mod_python.so|" "$here/python.load" >"$scratch/python.load"
    if [ -d "$sysconfdir/mods-available" ]; then
        load=$sysconfdir/mods-available/python.load
        conf=$sysconfdir/mods-available/python.conf
        hint="Enable it with: a2enmod python, then restart httpd."
    elif [ -d "$(dirname -- "$sysconfdir")/conf.modules.d" ]; then
        load=$(dirname -- "$sysconfdir")/conf.modules.d/10-python.conf
        conf=$(dirname -- "$sysconfdir")/conf.d/python.conf
        hint="$load loads it: restart httpd."
    else
        hint="Put this line into httpd.conf: LoadModule python_module $libexecdir/mod_python.so"
        return 0
    fi
    printf 'config\t%s\t%s\n' "$scratch/python.load" "$load" "$here/python.conf" "$conf" >>"$scratch/plan"
}

system_install() {
    system_paths
    need_module
    plan_program "$libexecdir" "$pythondir" >"$scratch/plan"
    plan_config
    check_plan "$scratch/plan" "$manifest"

    : >"$scratch/made"
    make_folder "$pythondir" >>"$scratch/made"
    if [ -f "$manifest" ]; then
        cp "$manifest" "$scratch/before"
    else
        : >"$scratch/before"
    fi
    planned_sums >"$scratch/sums"
    LC_ALL=C sort -u "$scratch/before" "$scratch/sums" >"$scratch/manifest"
    write_file "$scratch/manifest" "$manifest"

    write_plan "$scratch/plan" "$manifest"
    remove_stale
    # Now without the checksums of the files that were replaced, and with the folders that were made.
    {
        sed -n '/^directory  /p' "$scratch/before"
        sed 's/^/directory  /' "$scratch/made"
        cat "$scratch/sums"
        kept_sums
    } | LC_ALL=C sort -u >"$scratch/manifest"
    write_file "$scratch/manifest" "$manifest"

    check_readable
    say "Installed $libexecdir/mod_python.so and $pythondir/mod_python."
    say "$hint"
    say "The command mod_python: python3 $pythondir/mod_python --help"
}

# The manifest lines of the files that this run will write.
planned_sums() {
    while IFS=$tab read -r kind source target; do
        case $(state_of "$target" "$source" "$manifest") in
            absent | ours) printf '%s  %s\n' "$(checksum "$source")" "$target" ;;
        esac
    done <"$scratch/plan"
}

# The old lines of files that were left because somebody changed them: --uninstall names them.
kept_sums() {
    sed -n '/^directory  /!p' "$scratch/before" | while IFS= read -r line; do
        target=${line#*  }
        if exists "$target" && ! cut -c67- "$scratch/sums" | grep -qxF -e "$target"; then
            printf '%s\n' "$line"
        fi
    done
}

# Removes files of an earlier version that this one does not have.
remove_stale() {
    sed -n '/^directory  /!p' "$scratch/before" | cut -c67- | LC_ALL=C sort -u | while IFS= read -r target; do
        if ! cut -f3 "$scratch/plan" | grep -qxF -e "$target"; then
            remove_file "$target" "$manifest"
        fi
    done
}

system_uninstall() {
    system_paths
    [ -f "$manifest" ] || stop "there is no $manifest: nothing was installed by this script."
    sed -n 's/^directory  //p' "$manifest" >"$scratch/folders"
    sed -n '/^directory  /!p' "$manifest" | cut -c67- | LC_ALL=C sort -u >"$scratch/files"
    while IFS= read -r target; do
        remove_file "$target" "$manifest"
        remove_enabling_link "$target"
    done <"$scratch/files"
    rm -f "$manifest"
    remove_folders "$scratch/folders"
    say "Removed mod_python from $libexecdir and $pythondir. Restart httpd."
}

# a2enmod's link to a file that is gone would keep httpd from starting.
remove_enabling_link() { # target
    case $1 in
        */mods-available/*)
            link=$(dirname -- "$(dirname -- "$1")")/mods-enabled/${1##*/}
            if [ -h "$link" ] && [ ! -e "$link" ]; then
                rm -f "$link"
                say "$link pointed at a removed file: removed."
            fi
            ;;
    esac
}

prefix_install() {
    need_module
    plan_program "$prefix/modules" "$prefix/python" >"$scratch/plan"
    # Nothing but the two is left in a prefix, so there is no manifest: only what is the same already may be there.
    check_plan "$scratch/plan" /dev/null
    : >"$scratch/made"
    while IFS=$tab read -r kind source target; do
        if ! exists "$target"; then
            make_folder "$(dirname -- "$target")" >>"$scratch/made"
            write_file "$source" "$target"
        fi
    done <"$scratch/plan"
    check_readable
    say "Wrote $prefix/modules/mod_python.so and $prefix/python/mod_python."
}

# Without a manifest a file counts as ours if it is what this source tree would write.
prefix_uninstall() {
    [ -d "$prefix/python/mod_python" ] || [ -f "$prefix/modules/mod_python.so" ] ||
        stop "there is no mod_python below $prefix."
    package_files | while IFS= read -r name; do
        remove_file "$prefix/python/mod_python/$name" /dev/null "$root/python/mod_python/$name"
    done
    remove_built_module "$prefix/modules/mod_python.so"
    remove_psp_program "$prefix/python/mod_python/$psp_program"
    {
        find "$prefix/python/mod_python" -type d 2>/dev/null || :
        printf '%s\n' "$prefix/python" "$prefix/modules"
    } >"$scratch/folders"
    remove_folders "$scratch/folders"
    say "Removed what this source tree had written below $prefix."
}

# Removes the program if it is one that lies beside --module or a build in the target directory.
remove_psp_program() { # target
    for folder in "$(dirname -- "${module:-/}")" "${CARGO_TARGET_DIR:-$root/target}"/release \
        "${CARGO_TARGET_DIR:-$root/target}"/py*/release; do
        if cmp -s "$folder/${psp_program##*/}" "$1"; then
            rm -f "$1" || stop "cannot remove $1: run it as root."
        fi
    done
}

# Removes a module that is identical to --module or to one of the builds in the target directory.
remove_built_module() { # target
    for built in "$module" "${CARGO_TARGET_DIR:-$root/target}"/release/libmod_python.so \
        "${CARGO_TARGET_DIR:-$root/target}"/py*/release/libmod_python.so; do
        if [ -f "$built" ] && cmp -s "$built" "$1"; then
            rm -f "$1" || stop "cannot remove $1: run it as root."
            return 0
        fi
    done
    if exists "$1"; then
        warn "$1 is none of the modules built here (name its source with --module): left as it is."
    fi
}
