#!/usr/bin/env bash
# Give a service the traffic that operations.yaml asks for.
#   SERVICE PROJECT REGION      where
#   TRAFFIC                     "latest", or pairs such as v1-4-0=90,v1-5-0=10
#   CLOUDSDK_AUTH_ACCESS_TOKEN  access token of the deploy identity
set -euo pipefail
here=(--project "$PROJECT" --region "$REGION" --quiet)
if [ "$TRAFFIC" = latest ]; then
  gcloud run services update-traffic "$SERVICE" "${here[@]}" --to-latest
else
  gcloud run services update-traffic "$SERVICE" "${here[@]}" --to-tags "$TRAFFIC"
fi
