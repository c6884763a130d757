#!/usr/bin/env bash
# Apply exactly the saved plan that was checked. What changed stands in the review; the log has Terraform's errors only.
#
# PLAN_ROOT   the root's folder, where it was planned
# PLAN        the saved plan
# Credentials are GOOGLE_OAUTH_ACCESS_TOKEN, which the Google provider and the gcs backend read.
set -euo pipefail

export TF_IN_AUTOMATION=1 TF_INPUT=0 CHECKPOINT_DISABLE=1
if ! terraform "-chdir=${PLAN_ROOT:?}" apply -no-color -input=false "${PLAN:?}" > /dev/null; then
  printf 'Applying failed: the log says why. What was done before is in the state; mend the cause and run the workflow again.\n' >> "$GITHUB_STEP_SUMMARY"
  exit 1
fi
printf 'Applied as reviewed.\n' >> "$GITHUB_STEP_SUMMARY"
