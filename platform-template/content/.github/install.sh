#!/usr/bin/env bash
# Install the provision-env that the variable PROVISION_ENV_SOURCE names: what people run is what CI runs.
#
# PROVISION_ENV_SOURCE   provision-env==<version>, or git+https://<host>/<path>@<commit, 40 hexadecimal digits>
set -euo pipefail

uv tool install --quiet "${PROVISION_ENV_SOURCE:?set the repository variable PROVISION_ENV_SOURCE}"
uv tool dir --bin >> "$GITHUB_PATH"
