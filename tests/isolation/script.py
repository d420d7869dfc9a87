"""The shell script whose verbs a candidate of these tests declares: `sh run.sh VERB NODE`, one process a node."""

COMMON = """\
set -eu
verb=$1 node=$2
cd "$(dirname "$0")"
pid=$(cat $node/pid 2>/dev/null || echo 0)
alive() { [ -e /proc/$pid/stat ] && ! grep -q ') Z ' /proc/$pid/stat; }
case $verb in
start)
  if alive; then exit 0; fi
  set -- $(cat $node/command)
  export HOME=$PWD/$node TMPDIR=$PWD/$node
  setsid sh -c 'echo $$ > '$node'/pid; exec "$@"' sh "$@" >>$node/log 2>&1 </dev/null &
  ;;
stop|kill) kill -KILL $pid ;;
identity) if alive; then echo $pid $(cut -d' ' -f22 /proc/$pid/stat); fi ;;
"""


def script(*cases: str) -> str:
    """The script: start (what $node/command says), stop, kill, identity, and these cases."""
    return "\n".join((COMMON.rstrip(), *cases, "esac", ""))
