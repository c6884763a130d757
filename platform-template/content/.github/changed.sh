#!/usr/bin/env bash
# Print the requests that differ from a commit, one a line; all of them where platform.yaml does, or the commit is unknown.
# Names become parts of lines, paths and headings, so that a file whose name is not plain ends this with an error.
#
# usage: changed.sh COMMIT
set -euo pipefail
shopt -s nullglob

base="${1:-}"
all=(teams/*.yaml)
if ! git cat-file -e "$base^{commit}" 2> /dev/null || ! git diff --quiet "$base" HEAD -- platform.yaml; then
  found="$(printf '%s\n' "${all[@]}" | sed '/^$/d')"
else
  found="$(git diff --name-only --diff-filter=d "$base" HEAD -- ':(glob)teams/*.yaml')"
fi
[[ -n $found ]] || exit 0
if odd="$(grep -Evm 1 '^teams/[A-Za-z0-9][A-Za-z0-9._-]*\.yaml$' <<< "$found")"; then
  printf '%q: the name of a request has letters, digits, dots, hyphens and underscores only; rename it\n' "$odd" >&2
  exit 1
fi
printf '%s\n' "$found"
