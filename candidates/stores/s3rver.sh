#!/bin/sh
# s3rver 3.7.1 (a fake of S3 for tests, from npm): a store that must fail. One process over a folder. Needs Node.js.
#   candidates/stores/s3rver.sh judge
# process.sh says what else it can.
set -eu
name=s3rver port=19091
get() {
  [ -x "$home/node_modules/.bin/s3rver" ] && return
  npm install --silent --no-fund --no-audit --prefix "$home" s3rver@3.7.1
}
version() { node "$home/node_modules/.bin/s3rver" --version; }
run() {
  mkdir -p "$home/data"
  exec node "$home/node_modules/.bin/s3rver" --silent --no-vhost-buckets --directory "$home/data" \
    --address 127.0.0.1 --port "$port"
}
keys() { export S3RVER_ACCESS_KEY=S3RVER S3RVER_SECRET_KEY=S3RVER; } # built in, and documented
. "$(dirname "$0")/process.sh"
