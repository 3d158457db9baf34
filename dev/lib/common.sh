# Shared by the shell scripts of dev/: places, messages, stamped steps, PostgreSQL. Source it; do not run it.
#
# TELEPHONY_STATE moves the state folder (.dev); dev/setup describes the other variables.

set -euo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
source "$REPO/dev/lib/machine.sh"
STATE=$(realpath -m "${TELEPHONY_STATE:-$REPO/.dev}")
export TELEPHONY_STATE=$STATE
VENV=$STATE/venv
PYTHON=$VENV/bin/python
NODE_MODULES=$STATE/node_modules
# A link to the folder with Odoo's package "odoo"; dev/setup makes it.
ODOO_HOME=$STATE/odoo-home
ADDONS=$STATE/addons
CONF=$STATE/odoo.conf
LOGS=$STATE/log
STAMPS=$STATE/stamps

HTTP_PORT=${TELEPHONY_HTTP_PORT:-8069}
GEVENT_PORT=${TELEPHONY_GEVENT_PORT:-8072}

# The clone may belong to a user other than the present one (containers).
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$REPO

say() { printf '\033[36m==>\033[0m %s\n' "$*" >&2; }
warn() { printf '\033[33mWARNING:\033[0m %s\n' "$*" >&2; }

# hash_of <words…>: one hash of the words and of the contents of those that are files.
hash_of() {
    local word
    for word in "$@"; do
        if [ -f "$word" ]; then cat "$word"; else printf '%s\n' "$word"; fi
    done | sha256sum | cut -c1-16
}

# step <name> <hash> <command…>: run the command unless it already succeeded with the same hash.
step() {
    local name=$1 hash=$2 started=$SECONDS
    shift 2
    if [ "$(cat "$STAMPS/$name" 2>/dev/null)" = "$hash" ]; then return 0; fi
    rm -f "$STAMPS/$name"
    "$@"
    printf '%s' "$hash" >"$STAMPS/$name"
    say "$name: done ($((SECONDS - started)) s)"
}

# logged <file> <command…>: write the output to the file; show its end when the command fails.
logged() {
    local log=$LOGS/$1
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 25 "$log" >&2
        return 1
    fi
}

# may_be_root <what for>: end with a clear sentence when root's rights cannot be obtained.
may_be_root() {
    if [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; then return 0; fi
    fail "$1 needs root, and this user is not root and there is no sudo: please run as root, or have it done"
}

# as_root <command…>: run a command with the rights of root.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# --- PostgreSQL: a private cluster that listens on a unix socket only -------------------------------------------

# PostgreSQL refuses to run as root: then it runs as the user that Debian's package creates.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

postgres_bin() {
    local newest
    newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    if [ -n "$newest" ] && [ -x "$newest/initdb" ]; then
        printf '%s' "$newest"
    elif command -v initdb >/dev/null; then
        dirname "$(realpath "$(command -v initdb)")"
    fi
}

PG_HOME=$STATE/pg
# A socket's path may have 107 characters at most.
if [ "${#PG_HOME}" -gt 80 ]; then PG_SOCKET=/tmp/telephony-pg-$(hash_of "$PG_HOME"); else PG_SOCKET=$PG_HOME/run; fi
PG_DATA=$PG_HOME/data
export PGHOST=$PG_SOCKET PGPORT=5432 PGUSER=odoo

postgres_running() {
    "$(postgres_bin)/pg_isready" -q -h "$PG_SOCKET" -p 5432 -d postgres
}

postgres_start() {
    if postgres_running; then return 0; fi
    mkdir -p "$PG_SOCKET"
    if [ "$(id -u)" = 0 ]; then chown postgres "$PG_SOCKET"; fi
    # The lock prevents two scripts from starting it at once; the server must inherit neither it nor the set-up's (8).
    (
        flock 9
        if postgres_running; then exit 0; fi
        as_postgres "$(postgres_bin)/pg_ctl" -D "$PG_DATA" -l "$PG_HOME/postgresql.log" -w -t 60 start \
            >/dev/null </dev/null 8>&- 9>&- || {
            tail -n 15 "$PG_HOME/postgresql.log" >&2
            fail "PostgreSQL did not start; removing $PG_HOME makes a new, empty cluster"
        }
    ) 9>"$STATE/postgres.lock"
}

# Crash the server and start it again: all connections break, and it recovers from its log.
postgres_crash() {
    as_postgres "$(postgres_bin)/pg_ctl" -D "$PG_DATA" -l "$PG_HOME/postgresql.log" -m immediate -w -t 60 restart \
        >/dev/null </dev/null
}

# Stop the server, unless other programs use it.
postgres_stop() {
    local others try
    if ! postgres_running; then return 0; fi
    # Wait for connections of programs that are just ending.
    for try in 1 2 3 4 5 6 7 8; do
        others=$("$(postgres_bin)/psql" -Atq -d postgres -c \
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
        if [ "${1:-}" = --force ] || [ "$others" = 0 ]; then
            as_postgres "$(postgres_bin)/pg_ctl" -D "$PG_DATA" -m fast -w stop >/dev/null
            return 0
        fi
        sleep 0.5
    done
    say "PostgreSQL goes on running: $others other connections are open"
}

# stop_tree <pid>: ask a process and all its descendants to end, the youngest last.
stop_tree() {
    local children
    children=$(cat "/proc/$1/task/$1/children" 2>/dev/null || true)
    kill -TERM "$1" 2>/dev/null || true
    local child
    for child in $children; do stop_tree "$child"; done
}

# run_with_setup <run or test> <command…>: set up, start PostgreSQL, run a program and exit with its code. An
# interruption stops all of it; PostgreSQL is stopped at the end if it was started here.
run_with_setup() {
    trap interrupted INT TERM HUP
    "$REPO/dev/setup" "$1" <&0 &
    shift
    setup=$!
    wait "$setup" || exit 1
    setup=
    if ! postgres_running; then
        postgres_start
        started_postgres=1
    fi
    "$@" &
    program=$!
    local code=0
    wait "$program" || code=$?
    program=
    stop_started_postgres
    exit "$code"
}

interrupted() {
    trap '' INT TERM HUP
    if [ -n "${setup:-}" ]; then stop_tree "$setup"; fi
    if [ -n "${program:-}" ]; then kill -TERM "$program" 2>/dev/null || true; fi
    wait
    stop_started_postgres
    exit 130
}

stop_started_postgres() { if [ -n "${started_postgres:-}" ]; then postgres_stop; fi; }
