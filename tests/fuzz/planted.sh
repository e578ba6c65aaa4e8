#!/bin/sh
# Checks that fuzz_replay finds and keeps planted faults: a crash, a hang, a large allocation, an exception and a leak.
replay=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
said=$("$replay" planted --damaged 0 --seconds 1 --findings "$folder" 2>&1)
code=$?
echo "$said"
[ "$code" -eq 1 ] || { echo "exit code $code, not 1"; exit 1; }
echo "$said" | grep -q '5 findings' || exit 1
for number in 1 2 3 4 5; do [ -s "$folder/planted-$number" ] || exit 1; done
[ "$(cat "$folder/planted-1")" = stop ]
