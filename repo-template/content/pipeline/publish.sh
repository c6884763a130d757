#!/usr/bin/env bash
# Put an image into a registry and print it by digest: publish.sh SOURCE REGISTRY/NAME TAG
#   SOURCE   oci-archive:FILE, or an image by digest in the previous environment's registry
# REGISTRY_TOKEN is an access token of the environment's deploy identity. Index, attestations and digest stay as they are.
set -euo pipefail
source_image=$1 target=$2 tag=$3

folder=$(mktemp -d) # only this user can read it
trap 'rm -rf "$folder"' EXIT
login=$folder/login.json
login_to() {
  skopeo login --authfile "$login" --username oauth2accesstoken --password-stdin "${1%%/*}" <<<"$REGISTRY_TOKEN" >/dev/null
}

case $source_image in
  oci-archive:*) from=$source_image ;;
  *@sha256:*) from=docker://$source_image; login_to "$source_image" ;;
  *) echo "not an archive and not an image by digest: $source_image" >&2; exit 2 ;;
esac
login_to "$target"

digest=$(skopeo inspect --authfile "$login" --raw "$from" | sha256sum | cut -d ' ' -f 1)
found=$(skopeo inspect --authfile "$login" --raw "docker://$target:$tag" 2>/dev/null | sha256sum | cut -d ' ' -f 1 || true)
if [ "$found" != "$digest" ]; then # a tag is written once; a repeated job finds it there
  skopeo copy --authfile "$login" --all --preserve-digests --retry-times 3 "$from" "docker://$target:$tag" >&2
fi
echo "$target@sha256:$digest"
