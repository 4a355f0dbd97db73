set -eu

apply=no
case "${1-}" in
  '') ;;
  --apply) apply=yes ;;
  *)
    printf 'usage: %s [--apply]\n' "$0" >&2
    exit 2
    ;;
esac

folder=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM
waiting=' '

say() { printf '%s\n' "$*"; }

stop() {
  printf 'stopped: %s\n' "$*" >&2
  exit 3
}

states() { python3 -I "$folder/script/live_state.py" "$@"; }

# Show words; what a terminal would obey is not shown.
shown() {
  printf ' %s' "$@" | LC_ALL=C tr -c '[:print:]' '?'
  printf '\n'
}

# Every write goes through here: without --apply it is only shown.
run() {
  if [ "$apply" = yes ]; then
    printf '+'
    shown "$@"
    "$@" </dev/null
  else
    printf 'would run:'
    shown "$@"
  fi
}

# live NUMBER COMMAND...: keep what is there now; what does not exist is null.
live() {
  live_file=$work/live-$1
  live_number=$1
  shift
  if "$@" >"$live_file" 2>"$work/error" </dev/null; then
    return
  fi
  if grep -Eq 'NoSuchEntity|NotFound|Not Found|DoesNotExist' "$work/error"; then
    printf 'null\n' >"$live_file"
    return
  fi
  LC_ALL=C tr -c '[:print:]\n' '?' <"$work/error" >&2
  stop "change $live_number: the live object cannot be read; nothing was changed"
}

# check NUMBER MODE BEFORE HASH AFTER HASH: compare the live object with both.
check() {
  checked=$(states state "$2" "$work/live-$1" "$3" "$4" "$5" "$6") || exit 3
  case "$checked" in
    before)
      say "change $1: as it was scanned, to be made"
      waiting="$waiting$1 "
      ;;
    after) say "change $1: made already" ;;
    edited) stop "change $1: a document of it was edited after it was written" ;;
    *) stop "change $1: the live object changed since the scan; scan and plan again" ;;
  esac
}

# bound FILE HASH: what is sent is what was reviewed.
bound() {
  states bound "$1" "$2" || stop "${1##*/} was edited after it was written"
}

waits() {
  case "$waiting" in
    *" $1 "*) return 0 ;;
  esac
  return 1
}
