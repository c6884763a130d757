#!/usr/bin/env bash
# Keep one open issue with the drift that was found; close it when there is none.
#
# usage: issue.sh FILE RUN-ADDRESS
set -euo pipefail

file="$1" run="$2" title="Drift: environments are not as requested"
number="$(gh issue list --state open --search "in:title \"$title\"" --json number --jq '.[0].number // empty')"
if [[ ! -s $file ]]; then
  [[ -z $number ]] || gh issue close "$number" --comment "Nothing differs any more: $run"
  exit 0
fi
{
  cat "$file"
  printf '\nFound by %s. `provision-env plan teams/<team>.yaml` shows every change; `provision-env up` takes it back.\n' "$run"
} > "$file.issue"
if [[ -n $number ]]; then
  gh issue edit "$number" --body-file "$file.issue"
else
  gh issue create --title "$title" --body-file "$file.issue"
fi
