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

COMPOSE_PLUGIN=libexec/docker/cli-plugins/docker-compose

# The real docker-compose and buildx, for the tests beside ours: the machine's own, or Debian's package, which is unpacked below build/ and never installed.
fetch_docker_compose() {
  command -v apt-get >/dev/null 2>&1 || return 0
  for folder in /usr/local/lib/docker/cli-plugins /usr/lib/docker/cli-plugins; do
    [ -x "$folder/docker-compose" ] && return
  done
  for place in "${DOCKER_COMPOSE:-}" "/usr/local/$COMPOSE_PLUGIN" "/usr/$COMPOSE_PLUGIN" "build/docker-compose/usr/$COMPOSE_PLUGIN"; do
    [ -n "$place" ] && [ -x "$place" ] && return
  done
  # What could not be had is not asked for again for a while.
  [ -n "$(find build/docker-compose.log -mmin -60 2>/dev/null)" ] && return
  say "fetching Debian's docker-compose for the tests"
  unpack_docker_compose >build/docker-compose.log 2>&1 ||
    say "could not fetch docker-compose (see build/docker-compose.log); the tests that use it are left out"
}

# apt checks the archive's signature and the package's hash; its lists are kept apart from the machine's own.
unpack_docker_compose() (
  set -e
  mirror=$(apt-get indextargets --format '$(ORIGIN) $(SITE)' 2>/dev/null | sed -n 's|^Debian \(.*/debian\)/*$|\1|p' | head -n 1)
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -n "$mirror" ] || { echo "apt has no Debian archive here"; exit 1; }
  [ -e "$keyring" ] || { echo "there is no $keyring"; exit 1; }
  root=$PWD/build/docker-compose-apt
  rm -rf "$root"
  mkdir -p "$root/lists/partial" "$root/archives/partial"
  trap 'rm -rf "$root"' EXIT
  echo "deb [signed-by=$keyring] $mirror sid main" >"$root/sources.list"
  private() {
    apt-get -o Dir::Etc::SourceList="$root/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$root/lists" \
      -o Dir::State::status=/dev/null -o Dir::Cache="$root" -o Dir::Cache::Archives="$root/archives" -o APT::Sandbox::User=root \
      -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false "$@"
  }
  private -o APT::Update::Error-Mode=any -q update
  cd "$root"
  private -q download docker-compose docker-buildx
  for package in docker-*.deb; do dpkg-deb -x "$package" "$root/unpacked"; done
  "$root/unpacked/usr/$COMPOSE_PLUGIN" version
  mkdir -p ../docker-compose
  rm -rf ../docker-compose/usr
  mv "$root/unpacked/usr" ../docker-compose/usr
)
