# The operating system: its packages, its Python, its disk. Sourced by dev/setup and dev/lock, which set "purpose" (run or
# test) and "offline" (not empty: nothing may be downloaded).

SYSTEM_PYTHON=${TELEPHONY_PYTHON:-python3}
CACHE=${TELEPHONY_CACHE:-$STATE/cache}

# need_network <what is missing>: end with a sentence if nothing may be downloaded.
need_network() {
    if [ -n "$offline" ]; then fail "$1, and --offline forbids a download: start once without it"; fi
}

# need_space <megabytes>: end with a sentence if the disk has less.
need_space() {
    local free
    free=$(df -Pk "$STATE" | awk 'NR == 2 { print int($4 / 1024) }')
    if [ "$free" -lt "$1" ]; then fail "$1 MB are needed in $STATE, and $free MB are free: set TELEPHONY_STATE to a folder on a larger disk"; fi
}

OS_RELEASE=${TELEPHONY_OS_RELEASE:-/etc/os-release}
os_is() { [ -r "$OS_RELEASE" ] && (. "$OS_RELEASE" && [ "${ID:-}" = "$1" ]); }
is_debian() { os_is debian; }

missing_packages() {
    if [ -z "$(postgres_bin)" ]; then echo postgresql; fi
    # Create a trial environment, because Debian ships "venv" without the part that installs pip.
    if ! "$SYSTEM_PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then echo python3 python3-venv; fi
    if [ "$purpose" = run ]; then return 0; fi
    if ! command -v chromium >/dev/null; then if os_is ubuntu; then echo chromium-browser; else echo chromium; fi; fi
    if ! command -v git >/dev/null; then echo git; fi
    if ! command -v node >/dev/null; then echo nodejs; fi
    if ! command -v npm >/dev/null; then echo npm; fi
}

# install_packages <names…>: install packages of Debian or Ubuntu.
install_packages() {
    if [ $# = 0 ]; then return 0; fi
    need_network "these packages of the system are missing: $*"
    command -v apt-get >/dev/null ||
        fail "this is neither Debian nor Ubuntu: install these yourself (names of Debian's packages): $*"
    may_be_root "installing the packages $*"
    say "installing packages of the system: $*"
    # Ask for the password here, where the question can be seen.
    if [ "$(id -u)" != 0 ]; then sudo -v || fail "sudo refused"; fi
    logged apt.log as_root apt-get update || fail "apt-get update failed: is there a network?"
    logged apt.log as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" ||
        fail "apt-get could not install $* (log: $LOGS/apt.log): is there a network?"
}

check_python() {
    if ! command -v "$SYSTEM_PYTHON" >/dev/null; then
        [ -z "${TELEPHONY_PYTHON:-}" ] || fail "TELEPHONY_PYTHON=$TELEPHONY_PYTHON is not a program: set it to a Python 3.11, 3.12 or 3.13"
        return 0
    fi
    "$SYSTEM_PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
        fail "Python 3.11, 3.12 or 3.13 is needed, and $SYSTEM_PYTHON is $("$SYSTEM_PYTHON" --version 2>&1): set TELEPHONY_PYTHON to one of these"
}

