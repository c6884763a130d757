#!/usr/bin/env bash
# Plan the requests named in FOLDER/files from their states: what reviewers approve.
# FOLDER gets the redacted changes (<team>.json) and their text (<team>.txt); the text is in the run's summary, too.
#
# usage: plan.sh FOLDER
set -euo pipefail

folder="$1" code=0 room=900000 # GitHub drops a summary of more than 1 MiB
while read -r file; do
  name="$(basename "$file" .yaml)"
  provision-env plan "$file" --out-changes "$folder/$name.json" < /dev/null > "$folder/$name.txt" || code=$?
  cat "$folder/$name.txt"
  # Indented text is shown as it is: nothing in it ends the block or becomes a link.
  shown="$(head -c 60000 "$folder/$name.txt" | sed 's/^/    /')"
  ((room -= ${#shown} + 200)) || true
  ((room > 0)) || shown="    see $name.txt in the artifact changes"
  printf '## %s\n\n%s\n\n' "$name" "$shown" >> "$GITHUB_STEP_SUMMARY"
done < "$folder/files"
exit "$code"
