# Choose the Odoo to use, in this order: ODOO_PATH, an installed one, Debian's package of the lock file. Sourced by
# dev/setup. The choice is the link "odoo-home" in the state folder, which leads to the folder with the package "odoo".

SERIES=19.0
# Where the package of the lock file is unpacked.
FETCHED=$STATE/odoo/usr/lib/python3/dist-packages

# Folder that contains the package "odoo" -> its series, such as 19.0; nothing if there is no Odoo.
series_of() {
    sed -n 's/^version_info *= *(\(.[^,]*\), *\([0-9]*\),.*/\1.\2/p' "$1/odoo/release.py" 2>/dev/null | tr -d "'\""
}

has_web() { [ -d "$1/odoo/addons/web" ] || [ -d "$1/addons/web" ]; }

# The folder of an Odoo that the system's Python can import; nothing if there is none.
installed_odoo() {
    # Neither from the present folder nor from PYTHONPATH, which dev/odoo sets.
    (cd / && "$SYSTEM_PYTHON" -E - 2>/dev/null <<'PYTHON' || true)
import importlib.util
import pathlib

spec = importlib.util.find_spec("odoo")
for folder in spec.submodule_search_locations if spec else ():
    if (pathlib.Path(folder) / "release.py").is_file():
        print(pathlib.Path(folder).parent)
        break
PYTHON
}

# Sets "odoo" to the folder and "odoo_source" to its description. Nothing is downloaded here.
choose_odoo() {
    local installed series
    if [ -n "${ODOO_PATH:-}" ]; then
        [ -f "$ODOO_PATH/odoo/release.py" ] ||
            fail "ODOO_PATH=$ODOO_PATH has no folder 'odoo' with Odoo's Python package: set it to the folder that contains this package"
        series=$(series_of "$ODOO_PATH")
        [ "$series" = "$SERIES" ] ||
            fail "ODOO_PATH=$ODOO_PATH is Odoo ${series:-of an unknown series}, and the addon needs $SERIES: set it to an Odoo $SERIES, or unset it"
        has_web "$ODOO_PATH" ||
            fail "ODOO_PATH=$ODOO_PATH lacks the addon 'web': set it to a complete Odoo $SERIES, or unset it"
        odoo=$(realpath "$ODOO_PATH") odoo_source="$ODOO_PATH (ODOO_PATH)"
        return 0
    fi
    installed=$(installed_odoo)
    if [ -n "$installed" ]; then
        series=$(series_of "$installed")
        if [ "$series" = "$SERIES" ] && has_web "$installed"; then
            odoo=$installed odoo_source="$installed (installed; ODOO_PATH is not set)"
            return 0
        fi
        [ "${1:-}" = quiet ] || say "the installed Odoo ${series:-of an unknown series} in $installed is not used: the addon needs $SERIES"
    fi
    odoo=$FETCHED odoo_source="Debian's package"
}

# Point the link at the choice.
link_odoo() {
    if [ "$(readlink "$ODOO_HOME" 2>/dev/null)" != "$odoo" ]; then
        # -n: an old link is replaced, not followed.
        ln -sfn "$odoo" "$ODOO_HOME"
    fi
}
