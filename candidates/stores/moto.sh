#!/bin/sh
# moto 5.2.1 (a mock of AWS, from PyPI): a store that must fail. One process, everything in memory.
#   candidates/stores/moto.sh judge
# The first time, a virtual environment is made: about 2 minutes. process.sh says what else it can.
set -eu
name=moto port=19090
get() {
  [ -x "$home/venv/bin/moto_server" ] && return
  "${READINESS_PYTHON:-python3}" -m venv "$home/venv"
  "$home/venv/bin/pip" install -q "moto[server,s3]==5.2.1"
}
version() { "$home/venv/bin/python" -c "from importlib.metadata import version; print(version('moto'))"; }
run() { exec "$home/venv/bin/moto_server" -H 127.0.0.1 -p "$port"; }
keys() { export MOTO_ACCESS_KEY=AKIAOFMOTO MOTO_SECRET_KEY=secret-of-moto; } # it takes any
. "$(dirname "$0")/process.sh"
