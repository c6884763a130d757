#!/usr/bin/env bash
# Apply the requests named in FOLDER/files, each if it does exactly what FOLDER/<team>.json says was reviewed.
#
# usage: apply.sh FOLDER
set -euo pipefail

folder="$1" code=0 needs_review=5
while read -r file; do
  name="$(basename "$file" .yaml)" ended=0
  provision-env up "$file" --expect-changes "$folder/$name.json" < /dev/null || ended=$?
  if ((ended == needs_review)); then
    printf '## %s: not as reviewed\n\nNothing of it was applied. Run all jobs of this workflow again: it plans anew and asks for another review.\n\n' \
      "$name" >> "$GITHUB_STEP_SUMMARY"
  fi
  ((ended == 0)) || code=$ended
done < "$folder/files"
exit "$code"
