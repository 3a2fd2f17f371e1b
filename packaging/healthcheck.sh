#!/bin/bash
# Whether the broker of this machine or container answers: 0 if it does, 1 and a reason if not.
#
#   healthcheck.sh [FILE]
#
# FILE is the broker's ottla.listeners.file, so that the check follows the listener. The check asks
# the first listener for its API versions with nothing but bash and coreutils: it costs no start of
# Node. `ottla health` tells more, and costs one.
set -u
file=${1:-/run/ottla/listeners}

if ! IFS= read -r listener 2>/dev/null <"$file"; then
  echo "no broker listens: $file is not there"
  exit 1
fi
address=${listener#*://}
port=${address##*:}
host=${address%:*}
host=${host#[}
host=${host%]}
case $host in 0.0.0.0 | ::) host=127.0.0.1 ;; esac

if ! exec 3<>"/dev/tcp/$host/$port"; then
  echo "nobody listens on $address"
  exit 1
fi 2>/dev/null
# ApiVersions (key 18), version 0, correlation id 1, of the client "health".
printf '\0\0\0\x10\0\x12\0\0\0\0\0\x01\0\x06health' >&3
# The reply begins with four bytes of size, the correlation id and the error code.
reply=$(timeout 2 head -c 10 <&3 | od -An -tx1 | tr -d ' \n')
if [ "${reply:8}" != 000000010000 ]; then
  echo "the broker on $address does not answer"
  exit 1
fi
