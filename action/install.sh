#!/usr/bin/env bash
# Install provision-env for the steps that follow.
#
# CHECK_VERSION   empty: the program this script came with, dependencies as locked, by hash; a version number: that
#                 one of the package index; "installed": the one on the PATH.
# CHECK_CHECKOV   true: with checkov.
set -euo pipefail

extra=()
case "${CHECK_VERSION:-}" in
  installed)
    if ! command -v provision-env > /dev/null; then
      echo "::error::version is \"installed\", and there is no provision-env on the PATH"
      exit 2
    fi
    ;;
  "")
    [[ ${CHECK_CHECKOV:-} != true ]] || extra=(--extra checkov)
    toolkit="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
    export UV_PROJECT_ENVIRONMENT="${RUNNER_TEMP:?}/provision-env-program"
    uv sync --quiet --frozen --no-dev --no-editable --project "$toolkit" "${extra[@]}"
    echo "$UV_PROJECT_ENVIRONMENT/bin" >> "$GITHUB_PATH"
    ;;
  *)
    if [[ ! $CHECK_VERSION =~ ^[0-9]+(\.[0-9]+){1,3}([a-z]+[0-9]+)?$ ]]; then
      echo "::error::version is neither empty, \"installed\" nor a version number such as 1.4.0"
      exit 2
    fi
    package=provision-env
    [[ ${CHECK_CHECKOV:-} != true ]] || package="provision-env[checkov]"
    uv tool install --quiet "$package==$CHECK_VERSION"
    uv tool dir --bin >> "$GITHUB_PATH"
    ;;
esac
