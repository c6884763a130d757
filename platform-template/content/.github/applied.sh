#!/usr/bin/env bash
# Print the commit that was applied last: that of the newest run of the workflow apply on this branch that ended well;
# nothing where there is none. What a run was to apply that failed, that reviewers refused, or that made room for a
# newer one while it waited is left to the next run, so the commit before a push says too little.
# Needs curl and jq. The token is given to curl on its standard input, so that no list of processes shows it.
#
# usage: GITHUB_TOKEN=… applied.sh
set -euo pipefail

runs="${GITHUB_API_URL:-https://api.github.com}/repos/${GITHUB_REPOSITORY:?}/actions/workflows/apply.yaml/runs"
printf 'header = "Authorization: Bearer %s"\n' "${GITHUB_TOKEN:?}" \
  | curl --config - --silent --show-error --fail-with-body --max-time 60 --get \
    --header "Accept: application/vnd.github+json" --header "X-GitHub-Api-Version: 2022-11-28" \
    --data-urlencode "branch=${GITHUB_REF_NAME:?}" --data status=success --data per_page=1 "$runs" \
  | jq -r '.workflow_runs[0].head_sha // empty'
