# Check the machine before anything that only Linux has: flock, runuser, realpath -m, /proc. Sourced first by common.sh.
#
# bash 3.2, which macOS ships, reads this file: no associative arrays, no ${name,,}.

fail() { printf '\033[31merror:\033[0m %s\n' "$*" >&2; exit 1; }

IN_A_CONTAINER='run "docker compose up", or open the folder in a development container (docs/development.md)'

check_machine() {
    local missing="" name
    case "$(uname -s)" in
        Linux) ;;
        Darwin) fail "these scripts need Linux, and this is macOS: $IN_A_CONTAINER" ;;
        MINGW* | MSYS* | CYGWIN*)
            fail "these scripts need Linux, and this is Windows: clone the repository inside WSL (wsl --install -d Debian), or $IN_A_CONTAINER"
            ;;
        *) fail "these scripts need Linux, and this is $(uname -s): $IN_A_CONTAINER" ;;
    esac
    case "$(uname -r) $REPO" in
        *[Mm]icrosoft*\ /mnt/[a-z]/*)
            fail "$REPO is a folder of Windows, where PostgreSQL cannot run: clone the repository into a folder of WSL, such as ~/crm_telephony"
            ;;
    esac
    for name in flock realpath sha256sum; do
        if ! command -v "$name" >/dev/null; then missing="$missing $name"; fi
    done
    if [ -n "$missing" ]; then
        fail "these programs are missing:$missing (Debian's packages coreutils and util-linux contain them)"
    fi
}

check_machine
