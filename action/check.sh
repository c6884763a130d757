#!/usr/bin/env bash
# Run the check; write reports, the job's summary and the comment; hand the exit code on as an output.
#
# Everything that somebody else may have written arrives in CHECK_* variables and is never part of a command's text:
# CHECK_PATH, CHECK_ROOT, CHECK_PLATFORM, CHECK_NAME, CHECK_COMMENT, CHECK_CHECKOV, CHECK_TOKEN, CHECK_PULL_REQUEST,
# CHECK_HEAD_REPOSITORY, CHECK_EXPECT_CHANGES (a file that an earlier check of the same name left), CHECK_SHOW_CHANGES
# (true puts the plan's redacted changes into the summary). The token reaches the program by its environment, and only
# where a comment is written.
set -euo pipefail

# GitHub takes 1 MiB per step; what is cut off here is in the report files.
summary_limit=1000000

reports="$(mktemp -d "${RUNNER_TEMP:?}/provision-env-XXXXXXXX")"
arguments=(check --output=github)
for form in sarif junit markdown json; do
  arguments+=("--write=$form=$reports/report.$form")
done
[[ -d ${CHECK_PATH:?} ]] || arguments+=("--out-changes=$reports/changes.json")
[[ -z ${CHECK_EXPECT_CHANGES:-} ]] || arguments+=("--expect-changes=$CHECK_EXPECT_CHANGES")
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

count() {
  python3 -I -c "import json, sys; print($1)" < "$2"
}
findings=""
changes=""
if [[ -s "$reports/report.json" ]]; then
  findings="$(count 'sum(f["blocks"] for f in json.load(sys.stdin)["findings"])' "$reports/report.json")"
fi
if [[ -s "$reports/changes.json" ]]; then
  changes="$(count 'sum(map(len, json.load(sys.stdin)["roots"].values()))' "$reports/changes.json")"
fi

size() {
  wc -c < "$1"
}

summarize() {
  [[ -z $note ]] || printf '%s\n\n' "$note"
  ((code != 5)) || printf 'The plan is **not what was reviewed**, so nothing goes on: it has to be reviewed anew. The log names what differs.\n\n'
  [[ -s "$reports/report.markdown" ]] || { printf 'provision-env could not check this (exit code %s); the log says why.\n' "$code" && return; }
  if (($(size "$reports/report.markdown") <= summary_limit)); then
    cat "$reports/report.markdown"
  else
    head -c "$summary_limit" "$reports/report.markdown" | sed '$d'
    printf '\nThe summary ends here: it would be longer than GitHub shows.\n'
  fi
}

# The values of attributes may be anybody's: in JSON, no line of theirs can end the fence.
show_changes() {
  [[ ${CHECK_SHOW_CHANGES:-} == true && -n $changes ]] || return 0
  if (($(size "$reports/report.markdown") + $(size "$reports/changes.json") > summary_limit)); then
    printf '\nThe changes are too long for this page: they are in an artifact of the run.\n'
    return
  fi
  printf '\n<details><summary>What changes, attribute by attribute</summary>\n\n```json\n'
  cat "$reports/changes.json"
  printf '```\n\n</details>\n'
}
{ summarize && show_changes; } >> "$GITHUB_STEP_SUMMARY"

{
  echo "code=$code"
  if ((code == 0)); then echo "passed=true"; else echo "passed=false"; fi
  echo "findings=$findings"
  echo "changes=$changes"
  if [[ -n $changes ]]; then
    echo "changes-file=$reports/changes.json"
    # Unlike the name of a root, the name of an artifact may hold no slash; the digest keeps a/b and a-b apart.
    name="${CHECK_NAME:-}"
    echo "changes-name=changes-${name//[^A-Za-z0-9._-]/-}-$(sha256sum <<< "$name" | head -c 8)"
  fi
  for form in sarif junit markdown json; do
    [[ ! -s "$reports/report.$form" ]] || echo "$form-file=$reports/report.$form"
  done
} >> "$GITHUB_OUTPUT"
