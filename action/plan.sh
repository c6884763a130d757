#!/usr/bin/env bash
# Plan a root without a word of its values in the log; the plan's place becomes an output. No lock is taken, unless
# this plan is to be applied.
#
# PLAN_ROOT         the root's folder
# PLAN_CLI_CONFIG   text of a Terraform CLI configuration, such as a provider mirror; may be empty
# PLAN_LOCK         true: hold the state's lock while planning
# PLAN_EMPTY_STATE  true: plan as if nothing existed; no state is read
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
lock=-lock=false
[[ ${PLAN_LOCK:-} != true ]] || lock=-lock=true
if [[ ${PLAN_EMPTY_STATE:-} == true ]]; then
  # An override file takes the place of whatever backend the root names; the last one by name wins.
  override="$(mktemp --suffix=_override.tf "${PLAN_ROOT:?}/zzz_XXXXXXXX")"
  trap 'rm -f -- "$override"' EXIT
  printf 'terraform {\n  backend "local" {\n    path = "%s/empty.tfstate"\n  }\n}\n' "$folder" > "$override"
fi
terraform "-chdir=${PLAN_ROOT:?}" init -no-color > /dev/null
terraform "-chdir=$PLAN_ROOT" plan "$lock" -no-color "-out=$folder/plan.bin" > /dev/null
echo "plan=$folder/plan.bin" >> "$GITHUB_OUTPUT"
