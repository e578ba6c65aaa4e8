#!/bin/sh
# write_revision.sh SOURCES HEADER: the commit that the sources are at, as the header that version.cpp includes.
set -eu
revision=$(git -C "$1" describe --always --abbrev=12 --exclude '*' --dirty 2> /dev/null) || revision=
line="#define REVNET_REVISION \"$revision\""
mkdir -p "$(dirname "$2")"
[ -f "$2" ] && [ "$(cat "$2")" = "$line" ] || printf '%s\n' "$line" > "$2"
