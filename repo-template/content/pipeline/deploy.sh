#!/usr/bin/env bash
# Deploy an image to Cloud Run: first a tagged revision without traffic, then, if it is healthy, the traffic.
#   SERVICE PROJECT REGION   where
#   IMAGE                    registry/name@sha256:…
#   REVISION_TAG             such as v1-4-0
#   TRAFFIC                  "latest": this revision takes everything; anything else: operations.yaml decides, nothing moves
#   ID_TOKEN                 for the smoke test; empty where the ingress does not let us in
#   SMOKE_RETRIES            how often the smoke test is tried again (5)
#   CLOUDSDK_AUTH_ACCESS_TOKEN  access token of the deploy identity
set -euo pipefail
here=(--project "$PROJECT" --region "$REGION" --quiet)

before=$(gcloud run services describe "$SERVICE" "${here[@]}" --format=json | python3 pipeline/split.py)

# gcloud waits for the revision's Ready condition, which the startup probe decides, and fails without it.
gcloud run services update "$SERVICE" "${here[@]}" --image "$IMAGE" --tag "$REVISION_TAG" --no-traffic

if [ "$TRAFFIC" != latest ]; then
  echo "$REVISION_TAG is ready and has no traffic: operations.yaml says $TRAFFIC"
  exit 0
fi

undo() {
  echo "going back to $before" >&2
  gcloud run services update-traffic "$SERVICE" "${here[@]}" --to-revisions "$before"
}
trap undo ERR
gcloud run services update-traffic "$SERVICE" "${here[@]}" --to-tags "$REVISION_TAG=100"

if [ -n "${ID_TOKEN:-}" ]; then
  url=$(gcloud run services describe "$SERVICE" "${here[@]}" --format='value(status.url)')
  curl --fail --silent --show-error --max-time 20 --retry "${SMOKE_RETRIES:-5}" --retry-all-errors \
    --config - "$url/health" <<<"header = \"Authorization: Bearer $ID_TOKEN\""
fi
echo "$REVISION_TAG serves"
