#!/usr/bin/env bash
# Plan a root without a lock and without a word of its values in the log; the plan's place becomes an output.
#
# PLAN_ROOT         the root's folder
# PLAN_CLI_CONFIG   text of a Terraform CLI configuration, such as a provider mirror; may be empty
# Credentials are GOOGLE_OAUTH_ACCESS_TOKEN, which the Google provider and the gcs backend read.
set -euo pipefail
umask 077

folder="$(mktemp -d "${RUNNER_TEMP:?}/provision-env-plan-XXXXXXXX")"
if [[ -n ${PLAN_CLI_CONFIG:-} ]]; then
  printf '%s\n' "$PLAN_CLI_CONFIG" > "$folder/cli.tfrc"
  export TF_CLI_CONFIG_FILE="$folder/cli.tfrc"
  echo "TF_CLI_CONFIG_FILE=$folder/cli.tfrc" >> "$GITHUB_ENV" # reading the plan needs the provider, too
fi
export TF_IN_AUTOMATION=1 TF_INPUT=0 CHECKPOINT_DISABLE=1
terraform "-chdir=${PLAN_ROOT:?}" init -no-color > /dev/null
terraform "-chdir=$PLAN_ROOT" plan -lock=false -no-color "-out=$folder/plan.bin" > /dev/null
echo "plan=$folder/plan.bin" >> "$GITHUB_OUTPUT"
