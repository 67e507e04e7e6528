# Debian packages, by name. docs/dependencies.md says what each is for.

PACKAGES="gcc make libc6-dev linux-libc-dev musl-tools nftables zstd xz-utils bzip2 isal"
TEST_PACKAGES="busybox-static crun runc iproute2 util-linux mmdebstrap qemu-system-x86 cpio python3-docker openssl curl"
OPTIONAL_TEST_PACKAGES="clang libclang-rt-dev slirp4netns"

missing_packages() {
  for package in $1; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) in
      installed) ;;
      *) printf '%s ' "$package" ;;
    esac
  done
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >build/packages.log 2>&1
}

install_packages() {
  if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    check_programs "$1"
    return
  fi
  missing=$(missing_packages "$1")
  [ -z "$missing" ] && return
  say "installing Debian packages: $missing"
  mkdir -p build
  # The lists may be missing or old: only then are they worth the wait.
  # shellcheck disable=SC2086
  apt_install $missing || { apt-get update -qq >build/packages.log 2>&1 && apt_install $missing; } ||
    fail "apt-get could not install $missing(see build/packages.log): check the network and the package sources, then run it again."
}

install_optional_packages() {
  command -v apt-get >/dev/null 2>&1 || return 0
  missing=$(missing_packages "$1")
  [ -z "$missing" ] && return
  say "installing Debian packages: $missing"
  # shellcheck disable=SC2086
  apt_install $missing || say "could not install $missing(see build/packages.log); the tests that use it are left out"
}

# Without apt: the programs themselves decide, the names are a hint for the distribution's own packages.
check_programs() {
  case $1 in
    "$PACKAGES") programs="gcc make nft zstd xz bzip2" ;;
    *) programs="busybox ip unshare" ;;
  esac
  for program in $programs; do
    command -v "$program" >/dev/null 2>&1 ||
      fail "there is no apt-get here and $program is missing: install your distribution's packages for $1, then run it again."
  done
}
