#!/bin/sh
# moto 5.2.1 (a mock of AWS, from PyPI): a store that must fail. One process, everything in memory.
#   candidates/stores/moto.sh get|start|stop|kill|pause|unpause|identity
# `get` makes a virtual environment in STORES (default: ~/.cache/tofu-state-ha-readiness/stores): about 2 minutes.
# Then: export MOTO_ACCESS_KEY=readiness MOTO_SECRET_KEY=readiness-of-moto
#       ./just tofu-state-ha-readiness --candidate=candidates/stores/moto.toml --allow-faults --keep-going
set -eu
home="${STORES:-$HOME/.cache/tofu-state-ha-readiness/stores}/moto"
mkdir -p "$home"
pid=$(cat "$home/pid" 2>/dev/null || echo 0)
alive() { [ -e "/proc/$pid/stat" ] && ! grep -q ') Z ' "/proc/$pid/stat"; }
case ${1:-} in
get)
  [ -x "$home/venv/bin/moto_server" ] || { python3 -m venv "$home/venv" && "$home/venv/bin/pip" install -q "moto[server,s3]==5.2.1"; }
  ;;
start)
  alive && exit 0
  setsid sh -c 'echo $$ > "$0/pid"; exec "$0/venv/bin/moto_server" -H 127.0.0.1 -p "$1"' \
    "$home" "${MOTO_PORT:-19090}" >>"$home/log" 2>&1 </dev/null &
  ;;
stop)
  kill -TERM "$pid" 2>/dev/null || exit 0
  for _ in $(seq 100); do alive || exit 0; sleep 0.05; done
  exit 1
  ;;
kill) kill -KILL "$pid" ;;
pause) kill -STOP "$pid" ;;
unpause) kill -CONT "$pid" ;;
identity) if alive; then echo "$pid $(cut -d' ' -f22 "/proc/$pid/stat")"; fi ;;
*) echo "moto.sh get|start|stop|kill|pause|unpause|identity" >&2; exit 2 ;;
esac
