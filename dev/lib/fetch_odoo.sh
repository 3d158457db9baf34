# Fetch Odoo 19 from Debian's archive into the state folder. Sourced by dev/setup and dev/lock.
#
# Odoo is not on the Python package index, but Debian's suite "sid" ships version 19. The packages are only unpacked into
# a private folder: neither the system nor its apt configuration changes. dev/odoo.lock lists their files with checksums.
# They are kept in the cache (TELEPHONY_CACHE, default .dev/cache), and are not downloaded again.
#
# The archive keeps only the newest revision of a package. So a revision that has gone is replaced by the present one, with
# a warning on every start: otherwise each upload to Debian would stop all work at once, also when nothing is wrong. apt
# checks the archive's signature in either case. TELEPHONY_LOCKED=1 refuses the replacement.

# Odoo, and the targets of the symbolic links in its static files. Later font-awesome have other file names.
PACKAGES="odoo-19/sid libjs-jquery/sid libjs-jquery-form/sid libjs-underscore/sid fonts-roboto-unhinted/sid
    fonts-montserrat/sid fonts-inconsolata/sid fonts-ocr-b/sid fonts-glyphicons-halflings/sid
    fonts-font-awesome/bookworm"
ODOO_LOCK=${TELEPHONY_ODOO_LOCK:-$REPO/dev/odoo.lock}
DEBS=$CACHE/debs
APT=$STATE/cache/apt
OTHER_WAYS="set ODOO_PATH to an Odoo 19 of your own, copy the files named in dev/odoo.lock to $DEBS, or use docker compose"

# --- the lock file: lines as sha256sum writes and checks them ------------------------------------------------------

locked_files() { sed -n 's/^[0-9a-f]\{64\}  //p' "$ODOO_LOCK"; }

# File of a package -> its name and version. apt writes the colon of an epoch as %3a.
package_of() { printf '%s' "${1%%_*}"; }
version_of() {
    local version=${1#*_}
    printf '%s' "${version%_*}" | sed 's/%3a/:/g'
}

locked_odoo() { version_of "$(locked_files | grep '^odoo-19_')"; }

# The version of the unpacked Odoo; nothing if there is none.
unpacked_odoo() {
    gzip -cd "$STATE/odoo/usr/share/doc/odoo-19/changelog.Debian.gz" 2>/dev/null | sed -n '1s/.*(\(.*\)).*/\1/p'
}

is_locked() { locked_files | grep -qxF "$1"; }

# has_checksum <file>: whether a file of the cache is the one of the lock file.
has_checksum() {
    [ -f "$DEBS/$1" ] && (cd "$DEBS" && grep -F "  $1" "$ODOO_LOCK" | sha256sum --status -c -)
}

# --- Debian's archive ----------------------------------------------------------------------------------------------

private_apt() {
    local program=$1
    shift
    "$program" -q -o Dir::Etc::SourceList="$APT/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$APT/lists" -o APT::Sandbox::User=root -o Dir::Cache="$APT" \
        -o Acquire::Languages=none "$@"
}

# The mirror that this machine uses for Debian itself. Ubuntu's is another one: its debootstrap knows Debian's.
debian_mirror() {
    if [ -n "${TELEPHONY_DEBIAN_MIRROR:-}" ]; then
        printf '%s' "$TELEPHONY_DEBIAN_MIRROR"
    elif is_debian; then
        apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -v security | head -n 1
    else
        sed -n 's/^DEF_MIRROR="\(.*\)"$/\1/p' /usr/sbin/debootstrap 2>/dev/null
    fi
}

# Read the list of Debian's packages, without changing the lists of the system.
open_archive() {
    local mirror suite keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    command -v apt-get >/dev/null || fail "Odoo is fetched with apt, which this system lacks: $OTHER_WAYS"
    if ! is_debian && [ -z "${TELEPHONY_DEBIAN_MIRROR:-}" ] && [ ! -x /usr/sbin/debootstrap ]; then
        install_packages debootstrap
    fi
    if [ ! -e "$keyring" ]; then install_packages debian-archive-keyring; fi
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || fail "apt knows no mirror of Debian: set TELEPHONY_DEBIAN_MIRROR to the address of one"
    mkdir -p "$APT/lists/partial" "$APT/archives/partial"
    for suite in sid bookworm; do
        printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite"
    done >"$APT/sources.list"
    logged odoo-fetch.log private_apt apt-get update ||
        fail "Debian's list of packages could not be read (log: $LOGS/odoo-fetch.log): is there a network?"
}

# Set "versions" to a line "package=version" for each version of some packages that the archive has. "apt-cache show" will
# not do: it succeeds for a version that does not exist.
read_versions() { versions=$(private_apt apt-cache madison "$@" | awk -F '[| ]+' '{ sub(/^ +/, ""); print $1 "=" $2 }'); }
has_version() { printf '%s\n' "$versions" | grep -qxF "$1=$2"; }
has_package() { printf '%s\n' "$versions" | grep -q "^$1="; }

# download <folder> <package=version or package/suite…>
download() {
    local folder=$1
    shift
    (cd "$folder" && logged odoo-fetch.log private_apt apt-get download "$@")
}

# --- the cache -----------------------------------------------------------------------------------------------------

# Make the cache complete. Sets "debs" to the files to unpack.
download_odoo() {
    local file name version versions missing=() wanted=() new=$STATE/cache/debs.new
    debs=()
    mkdir -p "$DEBS"
    for file in $(locked_files); do
        if has_checksum "$file"; then debs+=("$DEBS/$file"); else missing+=("$file"); fi
    done
    if [ ${#missing[@]} = 0 ]; then return 0; fi
    need_network "Odoo 19 is not in $DEBS"
    say "downloading Odoo 19 (120 MB)"
    open_archive
    rm -rf "$new"
    mkdir -p "$new"
    # shellcheck disable=SC2046  # a list of words
    read_versions $(for file in "${missing[@]}"; do package_of "$file"; echo; done)
    for file in "${missing[@]}"; do
        name=$(package_of "$file")
        version=$(version_of "$file")
        if has_version "$name" "$version"; then wanted+=("$name=$version"); else replace_package "$name" "$version" "$new"; fi
    done
    if [ ${#wanted[@]} != 0 ]; then
        download "$new" "${wanted[@]}" ||
            fail "Odoo could not be downloaded (log: $LOGS/odoo-fetch.log): is there a network?"
    fi
    for file in $(ls "$new"); do
        mv "$new/$file" "$DEBS/$file"
        # A replacement is not in the lock file; apt has checked it.
        if is_locked "$file" && ! has_checksum "$file"; then
            rm -f "$DEBS/$file"
            fail "$file does not have the checksum of dev/odoo.lock, and is not used: $OTHER_WAYS"
        fi
        debs+=("$DEBS/$file")
    done
    rm -rf "$new"
}

# replace_package <name> <version> <folder>: fetch the present revision of a package, because the locked one has gone.
replace_package() {
    local file wanted folder=$3/$1
    wanted=$(printf '%s\n' $PACKAGES | grep "^$1/")
    has_package "$1" || fail "Debian's archive no longer has $1: $OTHER_WAYS"
    if [ -n "${TELEPHONY_LOCKED:-}" ]; then
        fail "Debian's archive no longer has $1 $2, and TELEPHONY_LOCKED forbids another one: dev/lock odoo locks the present one; or $OTHER_WAYS"
    fi
    mkdir "$folder"
    download "$folder" "$wanted" || fail "$1 could not be downloaded (log: $LOGS/odoo-fetch.log): is there a network?"
    file=$(ls "$folder")
    warn "Debian's archive no longer has $1 $2, with which the addon is tested: using $(version_of "$file"). dev/lock odoo locks it."
    mv "$folder/$file" "$3/"
    rmdir "$folder"
}

# Whether the unpacked Odoo is the locked one, or the replacement chosen for this lock file.
is_fetched() {
    local version
    version=$(unpacked_odoo)
    [ -n "$version" ] || return 1
    [ "$version" = "$(locked_odoo)" ] || [ "$(cat "$STAMPS/odoo" 2>/dev/null)" = "$(hash_of "$ODOO_LOCK")" ]
}

fetch_odoo() {
    local deb target=$STATE/odoo.new web dangling selfie
    download_odoo
    say "unpacking Odoo 19 (1.2 GB)"
    rm -rf "$target"
    mkdir -p "$target"
    for deb in "${debs[@]}"; do
        logged odoo-unpack.log dpkg -x "$deb" "$target" || fail "$deb could not be unpacked: is the disk full?"
    done
    web=$target/usr/lib/python3/dist-packages/odoo/addons
    # Debian omits this library, which blurs the background of video calls; without the file every page logs an error.
    selfie=$web/mail/static/lib/selfie_segmentation
    mkdir -p "$selfie"
    printf '// Not part of the package of Debian.\n' >"$selfie/selfie_segmentation.js"
    dangling=$(find "$web/web" "$web/mail" "$web/crm" -xtype l)
    [ -z "$dangling" ] || fail "Odoo's files have links that lead nowhere: $dangling"
    rm -rf "$STATE/odoo"
    mv "$target" "$STATE/odoo"
    rm -rf "$APT"
}
