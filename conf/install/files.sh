# Writes and removes single files by two rules. Sourced by conf/install.sh, used by system.sh and demo.sh.
#
# 1. Only a file that an earlier run wrote, and that is unchanged since, is replaced or removed.
# 2. What a run wrote is listed in the manifest: lines "<sha256>  <path>" and "directory  <path>". A path may have more
#    than one checksum for a moment: the manifest is written before the files, so that a run that was cut off can be
#    repeated.
# A plan is a file of lines "<kind><tab><source><tab><target>"; kind is program or config.

tab=$(printf '\t')

checksum() {
    sha256sum <"$1" | cut -d' ' -f1
}

exists() {
    [ -e "$1" ] || [ -h "$1" ]
}

# Prints absent, ours, same (not ours, but what would be written), changed (ours once) or foreign.
state_of() { # target source manifest
    if ! exists "$1"; then
        echo absent
    elif [ -h "$1" ] || [ ! -f "$1" ]; then
        echo foreign
    elif [ -f "$3" ] && grep -qxF -e "$(checksum "$1")  $1" "$3"; then
        echo ours
    elif [ -n "$2" ] && cmp -s "$1" "$2"; then
        echo same
    elif [ -f "$3" ] && cut -c67- "$3" | grep -qxF -e "$1"; then
        echo changed
    else
        echo foreign
    fi
}

# Lists the package's files, relative to python/mod_python: no byte code, nothing hidden.
package_files() {
    (
        cd "$root/python/mod_python"
        find . -name __pycache__ -prune -o -name '.?*' -prune -o -type f ! -name '*.py[cod]' ! -name '*~' -print
    ) | sed 's|^\./||' | LC_ALL=C sort
}

# The program of `mod_python psp`, which the build leaves beside the module, and its place in the package.
psp_program=_psp/mod_python-psp

# Prints the plan lines of the module and its package below a folder of modules and a folder of Python packages.
plan_program() { # modules python
    printf 'program\t%s\t%s\n' "$module" "$1/mod_python.so"
    if [ -f "$(dirname -- "$module")/${psp_program##*/}" ]; then
        printf 'program\t%s\t%s\n' "$(dirname -- "$module")/${psp_program##*/}" "$2/mod_python/$psp_program"
    fi
    package_files | while IFS= read -r name; do
        printf 'program\t%s\t%s\n' "$root/python/mod_python/$name" "$2/mod_python/$name"
    done
}

# Stops, with nothing written, where a program file is in the way: half of a version would be worse than none.
check_plan() { # plan manifest
    while IFS=$tab read -r kind source target; do
        [ "$kind" = program ] || continue
        case $(state_of "$target" "$source" "$2") in
            changed) warn "$target was changed since it was installed." && blocked=yes ;;
            foreign) warn "$target is not a file that this script wrote." && blocked=yes ;;
        esac
    done <"$1"
    if [ -n "${blocked:-}" ]; then
        stop "nothing was installed: move the files above away and try again."
    fi
}

# Makes a folder and its missing parents, and prints those that it made, outermost first.
make_folder() {
    if [ ! -d "$1" ]; then
        make_folder "$(dirname -- "$1")"
        mkdir "$1" || stop "cannot make $1: run it as root, or use --prefix DIR."
        printf '%s\n' "$1"
    fi
}

# Writes one file through a new name in the same folder: a running httpd keeps the old file that it has mapped.
write_file() { # source target
    case $2 in
        */mod_python/"$psp_program") mode=755 ;;
        *) mode=644 ;;
    esac
    cp "$1" "$2.new.$$" && chmod "$mode" "$2.new.$$" && mv -f "$2.new.$$" "$2" || {
        rm -f "$2.new.$$"
        stop "cannot write $2: run it as root, or use --prefix DIR."
    }
}

# Writes what is planned and may be written; names what is left.
write_plan() { # plan manifest
    while IFS=$tab read -r kind source target; do
        case $(state_of "$target" "$source" "$2") in
            absent | ours) make_folder "$(dirname -- "$target")" >>"$scratch/made" && write_file "$source" "$target" ;;
            same) warn "$target was there already and is as it should be; --uninstall will leave it." ;;
            changed) warn "$target was changed since it was installed: left as it is." ;;
            foreign) warn "$target is not a file that this script wrote: left as it is." ;;
        esac
    done <"$1"
}

# Removes a file that the manifest lists, unless it was changed, and the byte code that Python made of it.
remove_file() { # target manifest [source]
    case $(state_of "$1" "${3:-}" "$2") in
        absent) return 0 ;;
        ours | same) rm -f "$1" || stop "cannot remove $1: run it as root." ;;
        *) warn "$1 was changed since it was installed: left as it is." && return 0 ;;
    esac
    case $1 in
        *.py)
            stem=${1##*/}
            rm -f "$(dirname -- "$1")/__pycache__/${stem%.py}".*.pyc
            rmdir "$(dirname -- "$1")/__pycache__" 2>/dev/null || :
            ;;
    esac
}

# Removes folders, innermost first, if they are empty by now; names the others.
remove_folders() { # file with one path a line
    LC_ALL=C sort -r "$1" | while IFS= read -r folder; do
        if [ -d "$folder" ] && ! rmdir "$folder" 2>/dev/null; then
            warn "$folder is not empty: left as it is."
        fi
    done
}
