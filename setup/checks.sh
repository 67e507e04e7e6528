# What the machine must have. Every failure is one sentence: what is missing and how to get it.

say() { printf 'hako set-up: %s\n' "$*"; }

fail() {
  printf 'hako set-up: %s\n' "$*" >&2
  exit 1
}

check_machine() {
  [ "$(uname -s)" = Linux ] || fail "this is $(uname -s), and containers are a feature of Linux: run it on a Linux machine or in a virtual one."
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) fail "there is no build for $(uname -m): use an x86-64 or arm64 machine." ;;
  esac
  [ "$(id -u)" = 0 ] || fail "set-up needs root, and this is $(id -un): run it again with sudo."
  release=$(uname -r)
  major=${release%%.*}
  minor=${release#*.}
  minor=${minor%%[!0-9]*}
  if [ "$major" -lt 5 ] || { [ "$major" -eq 5 ] && [ "$minor" -lt 15 ]; }; then
    fail "the kernel is $release and 5.15 or newer is needed: upgrade the distribution or install its newer kernel (on Debian: apt-get install linux-image-amd64, then reboot)."
  fi
  for namespace in mnt pid net ipc uts cgroup; do
    [ -e "/proc/self/ns/$namespace" ] || fail "the kernel has no $namespace namespaces: boot a kernel with CONFIG_NAMESPACES (every distribution's own has it)."
  done
  grep -q '^Seccomp:' /proc/self/status || fail "the kernel has no seccomp: boot a kernel with CONFIG_SECCOMP_FILTER (every distribution's own has it)."
  if ! grep -qw overlay /proc/filesystems; then
    modprobe overlay 2>/dev/null || true
    grep -qw overlay /proc/filesystems || fail "the kernel has no overlay file system: load its module (modprobe overlay) or boot a kernel with CONFIG_OVERLAY_FS."
  fi
  [ -e /sys/fs/cgroup/cgroup.controllers ] || [ -d /sys/fs/cgroup/memory ] ||
    fail "no cgroups are mounted on /sys/fs/cgroup: mount them (mount -t cgroup2 cgroup2 /sys/fs/cgroup), or run outside of a container that hides them."
}

check_node() {
  command -v node >/dev/null 2>&1 || fail "Node.js is missing: install Node 20 or newer with npm (nodejs.org, or your distribution's nodejs and npm packages)."
  version=$(node -p 'process.versions.node.split(".")[0]')
  [ "$version" -ge 20 ] || fail "Node.js $version is too old: install Node 20 or newer."
  command -v npm >/dev/null 2>&1 || fail "npm is missing: install it with Node 20 or newer (on Debian: apt-get install npm)."
}
