#!/bin/sh
# Installs or upgrades piwizard from this checkout, then starts it with the arguments given.
set -eu

PYTHON=/usr/bin/python3
HOME_DIR=/opt/piwizard
VENV=$HOME_DIR/venv # a link to the environment in use
COMMAND=/usr/local/bin/piwizard
CACHE=/var/cache/piwizard
WHEELS=$CACHE/wheels
ANSWERS=/etc/xdg/piwizard
REHEARSALS=/var/cache/piwizard-rehearsals # leftovers of killed rehearsals
NOTICE=/etc/motd.d/piwizard
STATE=/var/lib/piwizard
LOGS=/var/log/piwizard
LOCK=/run/piwizard-install.lock
PACKAGES="ca-certificates git nftables python3-venv"
REHEARSAL_PACKAGES="iproute2 mount procps slirp4netns systemd-container util-linux"
PATIENCE=900 # seconds to wait for another program's apt, or for another install.sh
SAFE_PATH=/usr/sbin:/usr/bin:/sbin:/bin

usage() {
    cat <<END
Usage: ./install.sh [piwizard arguments]
       ./install.sh --remove [--everything]
       ./install.sh --help

Installs piwizard, or upgrades it to this checkout, and starts it with the arguments; without any, it starts the wizard:

    ./install.sh
    ./install.sh rehearse
    ./install.sh apply --answers answers.toml

It prints what it installs and asks nothing. It adds to this machine:

    $HOME_DIR            its own Python environment
    $COMMAND   the command, a link into that environment
    $CACHE      the downloaded Python packages, for the next upgrade
    Debian packages          $PACKAGES
    for a rehearsal also     $REHEARSAL_PACKAGES

It becomes root through sudo. sudo drops environment variables: if your answers name some (password = { env = "NAME" }),
install first with "./install.sh --version" and then use "piwizard", which keeps them.

--remove removes piwizard and leaves your web app running. At a terminal it asks whether to remove answers, state,
backups and logs too; --everything says yes, otherwise they stay. To undo everything that piwizard did, run
"piwizard undo --all" first: without the backups it is no longer possible.
END
}

say() {
    printf '%s\n' "$*" >&2
}

# Announces what takes time, with the time since the start: on a slow board, each stage takes minutes.
stage() {
    passed=$(($(date +%s) - began))
    say "[$((passed / 60)) min $((passed % 60)) s] $*"
}

# Prints other programs' output without control characters.
visible() {
    LC_ALL=C sed 's/[^ -~]/?/g'
}

die() {
    say "install.sh: $*"
    exit 1
}

main() {
    began=$(date +%s)
    here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
    case ${1-} in
    -h | --help)
        usage
        return
        ;;
    esac
    check_system
    [ "$(id -u)" -eq 0 ] || become_root "$@"
    umask 022
    PATH=$SAFE_PATH
    export PATH
    unset PYTHONHOME PYTHONPATH VIRTUAL_ENV
    lock
    if [ "${1-}" = --remove ]; then
        remove "${2-}"
        return
    fi
    [ "${1-}" != rehearse ] || PACKAGES="$PACKAGES $REHEARSAL_PACKAGES"
    # shellcheck disable=SC2086
    install_packages $PACKAGES
    check_python
    install_piwizard
    [ -z "${building-}" ] || rm -rf "$building"
    close_own_places
    exec "$VENV/bin/piwizard" "$@" 9>&-
}

check_system() {
    command -v apt-get >/dev/null || die "piwizard needs Raspberry Pi OS or Debian, but this system has no apt-get. Use a machine with one of them."
    [ ! -x $PYTHON ] || check_python
}

check_python() {
    # shellcheck disable=SC1091
    $PYTHON -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "$(. /etc/os-release; echo "$PRETTY_NAME") is too old: piwizard needs Raspberry Pi OS or Debian 12 (bookworm) or newer. Upgrade the system first."
}

become_root() {
    command -v sudo >/dev/null || die "it needs root, but this machine has no sudo. Run it as root."
    [ "${1-}" = --remove ] && why="Removing" || why="Installing"
    say "$why piwizard needs root: sudo asks for your password."
    exec sudo -- /bin/sh "$here/install.sh" "$@"
}

# Only one install.sh runs at a time. The kernel releases the lock when this process ends, however it ends.
# Only root can open the file: whoever can open a file can also lock it, and block every later install.sh.
lock() {
    (umask 077 && : >>"$LOCK")
    exec 9>>"$LOCK"
    if ! flock -n 9; then
        other=$(cat "$LOCK")
        say "Waiting for another install.sh (${other:-just started}) …"
        flock -w $PATIENCE 9 ||
            die "another install.sh (${other:-unknown process}) is still running after $PATIENCE seconds. Wait until it ends or stop it, then try again."
    fi
    printf 'process %s, since %s\n' $$ "$(date +%H:%M)" >"$LOCK"
}

# Makes the folder for temporary files: /tmp may be read-only, full, or too small a part of the memory.
workspace() {
    [ -z "${building-}" ] || return 0
    mkdir -p "$HOME_DIR"
    building=$(mktemp -d "$HOME_DIR/building-XXXXXX")
    words=$building/words
}

# Debian packages

install_packages() {
    missing=
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
    done
    [ "$missing" ] || return 0
    stage "Installing:$missing (Debian packages)"
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
    workspace
    if [ "$(ls /var/lib/dpkg/updates)" ] || [ "$(dpkg --audit)" ]; then
        say "Finishing an interrupted installation of Debian packages first"
        patiently dpkg --configure -a --force-confdef --force-confold || show_and_die "dpkg --configure -a"
    fi
    # An archive that is down does not matter if the others have the packages.
    patiently apt-get update || true
    # shellcheck disable=SC2086
    set -- --yes --no-install-recommends --no-remove $missing
    needed=$(apt-get install --simulate "$@" 2>/dev/null | sed -n 's/^Inst \([^ ]*\) .*/\1/p' | LC_ALL=C sort)
    for package in $missing; do
        needed=$(printf '%s\n' "$needed" | grep -vxF -e "$package" || true)
    done
    # shellcheck disable=SC2086
    [ ! "$needed" ] || say "  and what they need: $(printf '%s\n' $needed | visible | tr '\n' ' ')"
    # shellcheck disable=SC2086
    printf '%s\n' $missing $needed >>"$HOME_DIR/packages"
    patiently apt-get install "$@" || show_and_die "apt-get install$missing"
}

# Runs a command with its output in $words, again for as long as another program holds the lock of apt or dpkg.
patiently() {
    waited=0
    until "$@" >>"$words" 2>&1 </dev/null 9>&-; do
        tail -n 5 "$words" | grep -qE 'Could not get lock|lock was locked|Unable to acquire|Unable to lock' || return 1
        [ $waited -lt $PATIENCE ] || return 1
        [ $waited -gt 0 ] || say "Waiting: $(grep -oE '(held|locked) by .*' "$words" | tail -n 1 | visible) …"
        waited=$((waited + 5))
        sleep 5
        : >"$words"
    done
}

show_and_die() {
    tail -n 15 "$words" | visible >&2
    rm -rf "$building"
    die "$1 failed: see its output above. Solve the problem, then run install.sh again; it continues from here."
}

# piwizard itself

# Builds the new environment beside the current one, and switches to it atomically when it is complete.
install_piwizard() {
    sources=$(hash_sources)
    if works; then
        [ "$(cat "$VENV/sources" 2>/dev/null)" = "$sources" ] && is_ours && return
    fi
    if [ -e "$COMMAND" ] && ! is_ours; then
        die "$COMMAND exists and is not piwizard's. Move it away, then run install.sh again."
    fi
    remove_unused
    workspace
    if [ -e "$VENV" ]; then
        stage "Upgrading: piwizard in $HOME_DIR"
    else
        stage "Installing: piwizard in $HOME_DIR, its command $COMMAND, downloads in $CACHE"
    fi
    fresh=$(mktemp -d "$HOME_DIR/venv-XXXXXX")
    chmod 755 "$fresh"
    run_python $PYTHON -m venv "$fresh" || failed "python3 -m venv"
    install_dependencies
    stage "Copying and compiling piwizard"
    install_sources
    write_command >"$fresh/bin/piwizard"
    chmod 755 "$fresh/bin/piwizard"
    printf '%s\n' "$sources" >"$fresh/sources"
    run_python "$fresh/bin/python" -c 'import piwizard.cli' || failed "The new piwizard"
    sync -f "$fresh"
    switch "$(basename "$fresh")" "$VENV"
    mkdir -p "$(dirname "$COMMAND")"
    switch "$VENV/bin/piwizard" "$COMMAND"
    remove_unused
    stage "Installed"
}

# pip's own script would end in a traceback after a system upgrade to another Python.
write_command() {
    cat <<END
#!$fresh/bin/python -I
import sys

try:
    from piwizard.__main__ import main
except ModuleNotFoundError as error:
    if error.name != "piwizard":
        raise
    sys.exit(
        "This machine has another Python since piwizard was installed, probably after a system upgrade. "
        "Run ./install.sh in piwizard's folder again: your answers and everything else stay."
    )
sys.exit(main())
END
}

works() {
    [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -I -c 'import piwizard.cli' 2>/dev/null
}

is_ours() {
    [ "$(readlink "$COMMAND")" = "$VENV/bin/piwizard" ]
}

hash_sources() (
    cd "$here"
    {
        $PYTHON -I -c 'import platform, sys; print(sys.version_info[:2], platform.machine())'
        find LICENSE install.sh piwizard/ screens/ templates/ \
            \( -name __pycache__ -prune \) -o \( -type f -print0 \) | LC_ALL=C sort -z | xargs -0 sha256sum --
    } | sha256sum | cut -c1-64
)

# Installs the Python packages into an empty environment. pip refuses every file whose hash is not in the lock, wherever
# it comes from. Downloads are kept, so that an upgrade with the same lock needs no network.
install_dependencies() {
    rm -rf "$CACHE/pip" "$HOME_DIR/lock" # of an earlier version
    if cmp -s "$here/piwizard/requirements.lock" "$WHEELS/requirements.lock"; then
        from_wheels "$WHEELS" && return
        say "The Python packages in $WHEELS do not match the lock file or this Python. Downloading them again."
    fi
    stage "Downloading: the Python packages that piwizard needs"
    wheels=$building/wheels
    mkdir "$wheels"
    # If a package has no wheel for this machine, pip builds it with the tools in build.lock.
    download requirements --only-binary=:all: ||
        { download build --only-binary=:all: && locked build --find-links="$wheels" && download requirements; } ||
        failed "pip download"
    stage "Installing the Python packages"
    from_wheels "$wheels" || failed "pip install"
    keep >"$words" 2>&1 || failed "Keeping the Python packages in $WHEELS"
}

keep() {
    rm -rf "$WHEELS" && mkdir -p "$CACHE" && mkdir -m 700 "$WHEELS" &&
        cp "$wheels"/* "$here/piwizard/requirements.lock" "$WHEELS"
}

download() {
    name=$1
    shift
    pip download --dest="$wheels" "$@" -r "$here/piwizard/$name.lock"
}

from_wheels() {
    ! ls "$1"/*.tar.gz >/dev/null 2>&1 || locked build --find-links="$1" || return 1
    locked requirements --find-links="$1"
}

locked() {
    pip install --no-index "$2" -r "$here/piwizard/$1.lock"
}

# Runs pip in a clean environment: the caller's variables and settings may be for other projects. /etc/pip.conf, with a
# mirror for instance, applies.
pip() {
    action=$1
    shift
    env -i PATH="$SAFE_PATH" HOME="$building" TMPDIR="$building" LC_ALL=C.UTF-8 PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 \
        ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
        ${HTTPS_PROXY:+"HTTPS_PROXY=$HTTPS_PROXY"} ${no_proxy:+"no_proxy=$no_proxy"} ${NO_PROXY:+"NO_PROXY=$NO_PROXY"} \
        "$fresh/bin/python" -I -m pip --disable-pip-version-check --no-input --no-cache-dir "$action" \
        --require-hashes --no-deps --no-build-isolation "$@" >"$words" 2>&1 </dev/null 9>&-
}

# Copies piwizard without building it, and sets modes: the checkout's may let others write.
install_sources() {
    site=$("$fresh/bin/python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    copy "$site" --exclude=piwizard/screens --exclude=piwizard/templates piwizard
    copy "$site/piwizard" screens templates
    copy "$fresh" LICENSE
    run_python "$fresh/bin/python" -m compileall -q "$site/piwizard" || failed "Compiling piwizard"
}

copy() {
    to=$1
    shift
    {
        tar -C "$here" --mode=u=rwX,go=rX --exclude=__pycache__ -cf "$building/copied.tar" "$@" &&
            tar -C "$to" --no-same-owner -xf "$building/copied.tar"
    } >"$words" 2>&1 || failed "Copying piwizard"
}

run_python() {
    python=$1
    shift
    (cd / && TMPDIR=$building exec "$python" -I "$@") >"$words" 2>&1 </dev/null 9>&-
}

failed() {
    tail -n 15 "$words" | visible >&2
    grep -q 'not yet valid' "$words" && say "The clock of this machine is wrong: $(date). Set it first."
    rm -rf "$building" "$fresh"
    die "$1 failed: see its output above. $VENV is unchanged. Solve the problem, then run install.sh again."
}

# Earlier versions let everybody read the answers, with the values for apps.
close_own_places() {
    for own in "$ANSWERS" "$ANSWERS/answers.toml" "$ANSWERS/answers.toml.previous" "$STATE" "$LOGS"; do
        [ -L "$own" ] || [ ! -e "$own" ] || chmod go= "$own"
    done
}

# Replaces a link atomically, so that piwizard is always complete or absent.
switch() {
    ln -s "$1" "$2.new-$$"
    mv -fT "$2.new-$$" "$2"
}

# Removes everything that is neither in use nor run by a process, such as a run that started before an upgrade.
remove_unused() {
    for folder in "$HOME_DIR"/building-* "$HOME_DIR"/venv-* "$HOME_DIR"/venv.new-* "$COMMAND".new-*; do
        [ "$folder" = "$HOME_DIR/$(readlink "$VENV")" ] && continue
        [ "$folder" = "${building-}" ] && continue
        grep -qsF -e "$folder/" /proc/[0-9]*/cmdline && continue
        rm -rf "$folder"
    done
}

remove() {
    if [ -n "$(systemctl list-units --plain --no-legend 'piwizard-run-*' 2>/dev/null)" ]; then
        die "a run of piwizard is in progress. Stop it with \"piwizard stop\" or wait for its end, then try again."
    fi
    own=
    if own_goes "${1-}"; then own="$ANSWERS $STATE $LOGS"; fi
    brought=$(cat "$HOME_DIR/packages" 2>/dev/null || true)
    [ "$(readlink "$COMMAND")" = "$VENV/bin/piwizard" ] && rm -f "$COMMAND"
    # shellcheck disable=SC2086
    rm -rf "$HOME_DIR" "$CACHE" "$NOTICE" $own
    remove_rehearsals
    say "Removed: $HOME_DIR, $COMMAND, $CACHE${own:+, and $own}"
    if [ -z "$own" ]; then
        say "Not removed: your web app, Debian packages, and these folders of piwizard, if they exist:"
        say "  $ANSWERS (answers)  $STATE (state, secrets, backups)  $LOGS (logs)"
    fi
    # shellcheck disable=SC2086
    [ -z "$brought" ] || say "Debian packages that it installed stay. To remove them: sudo apt-get purge" $brought
}

# A rehearsal in progress holds the lock in its folder, and removes the folder itself.
remove_rehearsals() {
    for folder in "$REHEARSALS"/*/; do
        [ ! -d "$folder" ] || flock -n "${folder}lock" rm -rf "$folder" || true
    done
    ls -d "$REHEARSALS"/*/ >/dev/null 2>&1 || rm -rf "$REHEARSALS"
}

# Asks whether to remove answers, state and logs too. Undo needs the backups.
own_goes() {
    [ "$1" = --everything ] && return
    [ -t 0 ] && [ -e "$STATE" ] || return 1
    if ls "$STATE"/backups/*/*/journal.jsonl >/dev/null 2>&1; then
        say "What piwizard set up is still in place. \"piwizard undo --all\" undoes it, but needs the backups."
    fi
    printf 'Remove its answers, state, secrets, backups and logs too? [y/N] ' >&2
    read -r said || said=
    case $said in
    y | Y | yes) return 0 ;;
    *) return 1 ;;
    esac
}

main "$@"
