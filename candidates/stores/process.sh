# One process of a store, for the scripts beside it: they set `name` and `port`, define `get` (installs it into $home), `version`
# (says it), `run` (becomes it) and `keys` (exports its credential), and then read this file.
#   STORE.sh judge [ARGS]   gets and starts it, judges it (ARGS go to the run), and stops it
#   STORE.sh get|start|stop|kill|pause|unpause|identity|version|log
# It is installed below STORES (default: ~/.cache/tofu-state-ha-readiness/stores).
here=$(cd "$(dirname "$0")" && pwd)
home="${STORES:-$HOME/.cache/tofu-state-ha-readiness/stores}/$name"
mkdir -p "$home"

# A process is known by its id and its start time: an id alone may be another's by now.
pid=0 since=
[ -r "$home/pid" ] && read -r pid since <"$home/pid"
state() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f1,20; }
alive() {
  set -- $(state "$pid")
  [ "${2:-gone}" = "$since" ] && [ "$1" != Z ]
}
signal() {
  alive || { echo "$name does not run" >&2; exit 1; }
  kill "-$1" "$pid"
}
start() {
  alive && return
  setsid sh "$here/$name.sh" run >>"$home/log" 2>&1 </dev/null &
  for _ in $(seq 100); do
    sleep 0.05
    [ -r "$home/pid" ] && read -r pid since <"$home/pid"
    alive && return
  done
  tail -n 5 "$home/log" >&2
  exit 1
}
stop() {
  alive || return 0
  kill -TERM "$pid"
  for _ in $(seq 100); do alive || return 0; sleep 0.05; done
  exit 1
}
listens() { grep -q ":$(printf %04X "$port") 00000000:0000 0A" /proc/net/tcp; }
judge() {
  get
  start
  trap stop EXIT
  for _ in $(seq 600); do listens && break; sleep 0.05; done
  keys
  "$here/../../just" tofu-state-ha-readiness "--candidate=$here/$name.toml" --allow-faults --keep-going "$@"
}

verb=${1:-}
[ $# -gt 0 ] && shift
case $verb in
get|start|stop|judge|version) "$verb" "$@" ;;
run)
  set -- $(state $$)
  echo "$$ $2" >"$home/pid"
  run
  ;;
kill) signal KILL ;;
pause) signal STOP ;;
unpause) signal CONT ;;
identity) if alive; then echo "$pid $since"; fi ;;
log) tail -n 50 "$home/log" ;;
*) echo "$name.sh judge [ARGS] | get | start | stop | kill | pause | unpause | identity | version | log" >&2; exit 2 ;;
esac
