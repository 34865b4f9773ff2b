# The demo: a small site on a free port of 127.0.0.1, in a folder that goes when it stops. Sourced by conf/install.sh.

demo() {
    install_packages
    need_module
    need_apxs
    need_python
    find_httpd
    stage_demo
    serve_demo
}

# As root on Debian, installs what is missing. apache2-bin is httpd without a system service: nothing gets started.
install_packages() {
    if ! have apt-get || [ "$(id -u)" != 0 ]; then
        return 0
    fi
    wanted=
    have apache2 || [ -x /usr/sbin/apache2 ] || wanted="$wanted apache2-bin"
    [ -n "$apxs" ] || have apxs || wanted="$wanted apache2-dev"
    [ -n "$python" ] || python_facts /usr/bin/python3 2>/dev/null | grep -qx shared || wanted="$wanted python3-dev"
    libclang_found || wanted="$wanted libclang-dev"
    have cc || wanted="$wanted gcc libc6-dev"
    if [ -n "$wanted" ]; then
        warn "installing with apt:$wanted"
        # RUNLEVEL=1 keeps maintainer scripts from starting services, should a dependency bring one.
        # shellcheck disable=SC2086
        apt-get update >&2 &&
            RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $wanted >&2 ||
            stop "apt could not install:$wanted."
    fi
}

# Sets httpd to the server's program.
find_httpd() {
    httpd=$("$apxs" -q SBINDIR)/$("$apxs" -q PROGNAME)
    { [ -f "$httpd" ] && [ -x "$httpd" ]; } || stop "$httpd was not found: install apache2-bin on Debian or httpd on Fedora."
    built_in=$("$httpd" -l)
}

# Prints a LoadModule line, unless the module is compiled in.
load_line() {
    case $built_in in
        *"mod_$1.c"* | *" $1.c"*) ;;
        *) printf 'LoadModule %s_module "%s/mod_%s.so"\n' "$1" "$libexecdir" "$1" ;;
    esac
}

# Writes the server root below $site.
stage_demo() {
    # httpd's user has to get through to it, so a private TMPDIR will not do.
    site=$(mktemp -d /tmp/mod_python-demo-XXXXXX)
    trap 'stop_demo' EXIT
    chmod 755 "$site"
    mkdir "$site/logs" "$site/run"
    cp -R "$here/demo/handlers" "$here/demo/public" "$site/"
    find "$site" -name __pycache__ -prune -exec rm -rf {} +
    prefix=$site
    prefix_install >&2

    port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    {
        case $built_in in
            *event.c* | *worker.c* | *prefork.c*) ;;
            *) load_line mpm_event ;;
        esac
        for name in unixd authn_core authz_core mime; do
            load_line "$name"
        done
        if [ "$(id -u)" = 0 ]; then
            for user in www-data apache nobody; do
                if id "$user" >/dev/null 2>&1; then
                    printf 'User %s\nGroup %s\n' "$user" "$(id -gn "$user")"
                    break
                fi
            done
        fi
    } >"$site/modules.conf"
    sed "s|@SITE@|$site|g; s|@PORT@|$port|g" "$here/demo/httpd.conf" >"$site/httpd.conf"
}

# Runs httpd until it ends or somebody presses Ctrl-C.
serve_demo() {
    "$httpd" -d "$site" -f "$site/httpd.conf" -DFOREGROUND &
    httpd_pid=$!
    if ! "$python" - "$port" "$httpd_pid" <<'PY'
import os, sys, time, urllib.request
port, pid = sys.argv[1], int(sys.argv[2])
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for _ in range(150):
    try:
        opener.open(f"http://127.0.0.1:{port}/", timeout=10).read()
        sys.exit(0)
    except urllib.error.HTTPError:
        sys.exit(1)
    except OSError:
        time.sleep(0.1)
    try:
        os.kill(pid, 0)
    except OSError:
        break
sys.exit(1)
PY
    then
        cat "$site/logs/error.log" >&2 2>/dev/null || :
        stop "httpd did not serve the demo: see above."
    fi
    say "The demo runs at http://127.0.0.1:$port/ - press Ctrl-C to stop it."
    trap 'exit 0' INT TERM
    wait "$httpd_pid" || stop "httpd ended by itself."
}

# Ends httpd by its own pid and removes the folder.
stop_demo() {
    trap - EXIT
    trap '' INT TERM
    if [ -n "${httpd_pid:-}" ]; then
        kill "$httpd_pid" 2>/dev/null || :
        wait "$httpd_pid" 2>/dev/null || :
    fi
    rm -rf "$site" "$scratch"
}
