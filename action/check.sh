#!/usr/bin/env bash
# Run the check; write reports, the job's summary and the comment; hand the exit code on as an output.
#
# Everything that somebody else may have written arrives in CHECK_* variables and is never part of a command's text:
# CHECK_PATH, CHECK_ROOT, CHECK_PLATFORM, CHECK_NAME, CHECK_COMMENT, CHECK_CHECKOV, CHECK_TOKEN, CHECK_PULL_REQUEST,
# CHECK_HEAD_REPOSITORY. The token reaches the program by its environment, and only where a comment is written.
set -euo pipefail

# GitHub takes 1 MiB per step; what is cut off here is in the report files.
summary_limit=1000000

reports="$(mktemp -d "${RUNNER_TEMP:?}/provision-env-XXXXXXXX")"
arguments=(check --output=github)
for form in sarif junit markdown json; do
  arguments+=("--write=$form=$reports/report.$form")
done
[[ -z ${CHECK_ROOT:-} ]] || arguments+=("--root=$CHECK_ROOT")
[[ -z ${CHECK_PLATFORM:-} ]] || arguments+=("--platform=$CHECK_PLATFORM")
[[ -z ${CHECK_NAME:-} ]] || arguments+=("--name=$CHECK_NAME")
[[ ${CHECK_CHECKOV:-} != true ]] || arguments+=(--checkov)

note=""
token=""
if [[ ${CHECK_COMMENT:-} == true && ${CHECK_PULL_REQUEST:-} =~ ^[0-9]+$ ]]; then
  if [[ ${CHECK_HEAD_REPOSITORY:-} == "$GITHUB_REPOSITORY" ]]; then
    arguments+=("--comment=$GITHUB_REPOSITORY#$CHECK_PULL_REQUEST")
    token="${CHECK_TOKEN:-}"
  else
    note="This pull request comes from another repository: its jobs have no token that may write a comment."
  fi
fi
unset CHECK_TOKEN GITHUB_TOKEN GH_TOKEN
[[ -z $token ]] || export GITHUB_TOKEN="$token"

code=0
provision-env "${arguments[@]}" -- "${CHECK_PATH:?}" || code=$?

summarize() {
  [[ -z $note ]] || printf '%s\n\n' "$note"
  [[ -s "$reports/report.markdown" ]] || { printf 'provision-env could not check this (exit code %s); the log says why.\n' "$code" && return; }
  if (($(wc -c < "$reports/report.markdown") <= summary_limit)); then
    cat "$reports/report.markdown"
  else
    head -c "$summary_limit" "$reports/report.markdown" | sed '$d'
    printf '\nThe summary ends here: it would be longer than GitHub shows.\n'
  fi
}
summarize >> "$GITHUB_STEP_SUMMARY"

findings=""
if [[ -s "$reports/report.json" ]]; then
  findings="$(python3 -I -c 'import json, sys; print(sum(f["blocks"] for f in json.load(sys.stdin)["findings"]))' < "$reports/report.json")"
fi
{
  echo "code=$code"
  if ((code == 0)); then echo "passed=true"; else echo "passed=false"; fi
  echo "findings=$findings"
  for form in sarif junit markdown json; do
    [[ ! -s "$reports/report.$form" ]] || echo "$form-file=$reports/report.$form"
  done
} >> "$GITHUB_OUTPUT"
