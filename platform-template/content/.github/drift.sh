#!/usr/bin/env bash
# Plan every request from its states and write what differs into FILE, as Markdown; FILE is empty where nothing does.
#
# usage: drift.sh FILE
set -euo pipefail
shopt -s nullglob

report="$1" plan="$(mktemp)"
: > "$report"
for file in teams/*.yaml; do
  provision-env plan "$file" --output json < /dev/null > "$plan" || true # refused by a rule is a difference, too
  jq --slurp -r '.[0].roots[] | select(.empty | not) | "* `\(.root)`: \(.summary)",
    (.changes[:20][] | "  * \(.actions | join(", ")) `\(.address)`"),
    (select(.changes | length > 20) | "  * and \(.changes | length - 20) more")' "$plan" > "$plan.md" \
    || printf '* `%s` could not be planned\n' "$file" > "$plan.md"
  cat "$plan.md" >> "$report"
done
