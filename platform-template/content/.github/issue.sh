#!/usr/bin/env bash
# Keep one open issue with the drift that was found; close it when there is none.
# Needs curl and jq. The token is given to curl on its standard input, so that no list of processes shows it.
#
# usage: GITHUB_TOKEN=… issue.sh FILE RUN-ADDRESS
set -euo pipefail

file="$1" run="$2" title="Drift: environments are not as requested" mark="<!-- provision-env drift -->"
issues="${GITHUB_API_URL:-https://api.github.com}/repos/${GITHUB_REPOSITORY:?}/issues"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

api() { # METHOD ADDRESS [jq's arguments, which make the document that is sent]
  local method="$1" address="$2" body=()
  shift 2
  if (($#)); then
    jq -n "$@" > "$work/body.json"
    body=(--data-binary "@$work/body.json")
  fi
  printf 'header = "Authorization: Bearer %s"\n' "${GITHUB_TOKEN:?}" \
    | curl --config - --silent --show-error --fail-with-body --max-time 60 --request "$method" \
      --header "Accept: application/vnd.github+json" --header "X-GitHub-Api-Version: 2022-11-28" "${body[@]}" "$address"
}

# Only an App's issue is ours: who opened one with the mark himself could change its text behind our back.
open_issue() { # print the number of the issue that carries the mark, if there is one
  local page=1 number
  while api GET "$issues?state=open&per_page=100&page=$page" > "$work/found.json"; do
    number="$(jq -r --arg mark "$mark" 'map(select(.user.type == "Bot" and (has("pull_request") | not)
      and ((.body // "") | startswith($mark))) | .number) | first // empty' "$work/found.json")"
    if [[ -n $number || $(jq length "$work/found.json") -lt 100 ]]; then
      printf '%s' "$number"
      return
    fi
    ((page += 1))
  done
  return 1
}

number="$(open_issue)"
if [[ ! -s $file ]]; then
  if [[ -n $number ]]; then
    api POST "$issues/$number/comments" --arg body "Nothing differs any more: $run" '{$body}' > /dev/null
    api PATCH "$issues/$number" '{state: "closed", state_reason: "completed"}' > /dev/null
  fi
  exit 0
fi
{
  printf '%s\n' "$mark"
  head -c 60000 "$file"
  printf '\nFound by %s. `provision-env plan teams/<team>.yaml` shows every change.\n' "$run"
  printf 'The workflow `apply`, run by hand, takes it back once a reviewer has seen it.\n'
} > "$work/text"
if [[ -n $number ]]; then
  api PATCH "$issues/$number" --arg title "$title" --rawfile body "$work/text" '{$title, $body}' > /dev/null
else
  api POST "$issues" --arg title "$title" --rawfile body "$work/text" '{$title, $body}' > /dev/null
fi
