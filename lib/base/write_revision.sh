#!/bin/sh
# write_revision.sh SOURCES HEADER: the commit that the sources are at, as the header that version.cpp includes.
set -eu
# Git would otherwise find a repository around the sources, such as one of dotfiles, and name its commit.
GIT_CEILING_DIRECTORIES=$(dirname "$1")
export GIT_CEILING_DIRECTORIES
revision=$(git -C "$1" describe --always --abbrev=12 --exclude '*' --dirty 2> /dev/null) || revision=
line="#define REVNET_REVISION \"$revision\""
mkdir -p "$(dirname "$2")"
[ -f "$2" ] && [ "$(cat "$2")" = "$line" ] || printf '%s\n' "$line" > "$2"
