# Fetch Odoo 19 from Debian's archive into the state folder. Sourced by dev/setup.
#
# Odoo is not on the Python package index, but Debian's suite "sid" ships version 19. The packages are only
# unpacked into a private folder: neither the system nor its apt configuration changes.

# Odoo, and the targets of the symbolic links in its static files.
SID_PACKAGES="odoo-19 libjs-jquery libjs-jquery-form libjs-underscore fonts-roboto-unhinted fonts-montserrat
    fonts-inconsolata fonts-ocr-b fonts-glyphicons-halflings"
# Later versions of this one have other file names.
STABLE_PACKAGES="fonts-font-awesome/bookworm"

private_apt() {
    apt-get -q -o Dir::Etc::SourceList="$STATE/cache/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$STATE/cache/apt/lists" -o APT::Sandbox::User=root \
        -o Dir::Cache="$STATE/cache/apt" -o Acquire::Languages=none "$@"
}

# The mirror that this machine uses for Debian itself.
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -v security | head -n 1
}

download_odoo() {
    local mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || fail "apt knows no Debian mirror: please set ODOO_PATH to a folder that contains Odoo 19"
    mkdir -p "$STATE/cache/apt/lists/partial" "$STATE/cache/apt/archives/partial"
    {
        printf 'deb [signed-by=%s] %s sid main\n' "$keyring" "$mirror"
        printf 'deb [signed-by=%s] %s bookworm main\n' "$keyring" "$mirror"
    } >"$STATE/cache/apt/sources.list"
    logged odoo-fetch.log private_apt update ||
        fail "Debian's package list could not be read (log: $LOGS/odoo-fetch.log): is there a network?"
    # apt answers an unreachable mirror with a warning and success.
    # shellcheck disable=SC2086  # lists of words
    rm -rf "$STATE/cache/debs" "$STATE/cache/debs.new"
    mkdir -p "$STATE/cache/debs.new"
    (cd "$STATE/cache/debs.new" && logged odoo-fetch.log private_apt download $SID_PACKAGES $STABLE_PACKAGES) ||
        fail "Odoo could not be downloaded (log: $LOGS/odoo-fetch.log): is there a network?"
    mv "$STATE/cache/debs.new" "$STATE/cache/debs"
}

fetch_odoo() {
    local deb target=$STATE/odoo.new web dangling selfie
    if [ ! -d "$STATE/cache/debs" ]; then
        say "downloading Odoo 19 (120 MB)"
        download_odoo
    fi
    say "unpacking Odoo 19 (1.2 GB)"
    rm -rf "$target"
    mkdir -p "$target"
    for deb in "$STATE"/cache/debs/*.deb; do dpkg -x "$deb" "$target"; done
    web=$target/usr/lib/python3/dist-packages/odoo/addons
    # Debian omits this file; without it every page logs an error.
    selfie=$web/mail/static/lib/selfie_segmentation
    mkdir -p "$selfie"
    cp "$NODE_MODULES/@mediapipe/selfie_segmentation/selfie_segmentation.js" "$selfie/"
    dangling=$(find "$web/web" "$web/mail" "$web/crm" -xtype l)
    [ -z "$dangling" ] || fail "Odoo's files have links that lead nowhere: $dangling"
    rm -rf "$STATE/odoo"
    mv "$target" "$STATE/odoo"
    rm -rf "$STATE/cache/debs" "$STATE/cache/apt"
}
