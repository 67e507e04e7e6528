# npm packages, native code and the executable; each step is skipped when its result is newer than what it is made from.

install_node_modules() {
  if [ node_modules/.package-lock.json -nt package-lock.json ] && bun_path >/dev/null; then return; fi
  say "installing npm packages"
  mkdir -p build
  npm ci --no-audit --no-fund --loglevel=error >build/npm.log 2>&1 || npm ci --no-audit --no-fund --loglevel=error >build/npm.log 2>&1 ||
    fail "npm ci did not succeed (see build/npm.log): check the network and npm's registry setting, then run it again."
  touch node_modules/.package-lock.json
  bun_path >/dev/null || fail "npm brought no bun for this machine ($(uname -m)): a glibc system with optional npm packages enabled is needed (npm config get omit)."
}

# The package's own binary: its install script, which may move it, does not run everywhere.
bun_path() {
  case $(uname -m) in
    x86_64) arch=x64 ;;
    *) arch=aarch64 ;;
  esac
  for candidate in "node_modules/@oven/bun-linux-$arch/bin/bun" node_modules/bun/bin/bun.exe; do
    if [ -x "$candidate" ] && "$candidate" --revision >/dev/null 2>&1; then
      printf '%s/%s\n' "$PWD" "$candidate"
      return 0
    fi
  done
  return 1
}

build_native() {
  make -q -C native >/dev/null 2>&1 && [ -f build/native/hako-addon.so ] && make -q -C native/addon >/dev/null 2>&1 && return
  say "building native code"
  mkdir -p build/native
  bun=$(bun_path)
  { make -C native BUN="$bun" && make -C native/addon BUN="$bun"; } >build/native.log 2>&1 || {
    tail -n 15 build/native.log
    fail "the native code did not build (see build/native.log)."
  }
}

sources_newer_than() {
  [ -n "$(find src native setup package-lock.json build/native -path build/native/test -prune -o -newer "$1" ! -type d ! -name '*.test.ts' -print -quit)" ]
}

build_program() {
  for name in docker hako-runtime; do ln -sfn hako "build/$name"; done
  if [ -x build/hako ] && ! sources_newer_than build/hako; then return; fi
  say "building the executable"
  # Sources that change while it is being built must count as newer than the result.
  touch build/.started
  # .env and bunfig.toml of whatever folder the user stands in must never reach the engine.
  # A short command ends before compiled code would pay: loops are compiled ten times later; what runs for long takes that back.
  "$(bun_path)" build --compile --bytecode --format=esm --minify --splitting \
    --no-compile-autoload-dotenv --no-compile-autoload-bunfig --compile-jit-policy=10 --min-chunk-size=16384 \
    src/cli/main.ts --outfile build/hako.new >build/executable.log 2>&1 || {
    tail -n 15 build/executable.log
    fail "the executable did not build (see build/executable.log)."
  }
  touch -r build/.started build/hako.new
  mv -f build/hako.new build/hako
}
