#!/usr/bin/env bash
# Print the requests that differ from a commit, one a line; all of them where platform.yaml does, or the commit is unknown.
#
# usage: changed.sh COMMIT
set -euo pipefail
shopt -s nullglob

base="${1:-}"
all=(teams/*.yaml)
if ! git cat-file -e "$base^{commit}" 2> /dev/null || ! git diff --quiet "$base" HEAD -- platform.yaml; then
  printf '%s\n' "${all[@]}" | sed '/^$/d'
else
  git diff --name-only --diff-filter=d "$base" HEAD -- 'teams/*.yaml'
fi
