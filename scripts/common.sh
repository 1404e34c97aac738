# What the scripts share: the checkout's folder, and the system packages that the build needs. Sourced, not run.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 2; }

# Installs those of the given Debian packages that are missing, as root or by sudo.
install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    command -v apt-get >/dev/null || die "Install these packages by hand, there is no apt-get here: ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "These packages are missing, and there is no sudo to install them: ${missing[*]}"
        as_root=(sudo)
    fi
    say "Installing ${missing[*]} …"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "${missing[@]}" >/dev/null 2>&1 ||
        { "${as_root[@]}" apt-get update -q >/dev/null &&
            "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "${missing[@]}" >/dev/null; } ||
        die "apt-get could not install: ${missing[*]}"
}

# The system's OpenSSL and zlib, with headers.
install_build_packages() {
    command -v swift >/dev/null || die "There is no swift here. Install Swift 6.2 or later: https://www.swift.org/install"
    install_packages libssl-dev zlib1g-dev
}

# Builds for release and prints the path of the program.
build_release() {
    install_build_packages
    swift build --package-path "$root" -c release --product shroff >&2 || die "The build failed."
    printf '%s/shroff\n' "$(swift build --package-path "$root" -c release --show-bin-path)"
}

# Waits until the service at the given base URL is ready: wait_until_ready URL PID
wait_until_ready() {
    local tries=0
    until curl -fsS -o /dev/null "$1/readyz" 2>/dev/null; do
        kill -0 "$2" 2>/dev/null || die "The service ended before it was ready."
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || die "The service was not ready within 30 seconds."
        sleep 0.1
    done
}
