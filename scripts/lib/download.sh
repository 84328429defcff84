# shellcheck shell=bash
# Downloads: to a temporary file, held to the checksum of the plan, then moved into place.

# curl's own words for an error do not name the place that it happened at.
fetch() { # <url> <path>
  retry 5 2 curl --fail --silent --location --proto '=https,http' --connect-timeout 15 --max-time 600 \
    --write-out '%{onerror}%{stderr}%{url_effective}: %{errormsg}\n' --output "$2" "$1"
}

download() { # <url> <sha256> <path>
  local url=$1 sha256=$2 path=$3 got
  mkdir -p "${path%/*}"
  fetch "$url" "$path.new"
  got=$(sha256sum "$path.new")
  if [[ ${got%% *} != "$sha256" ]]; then
    rm -f "$path.new"
    fail "$url has sha256 ${got%% *}, the plan says $sha256: nothing was installed" \
      'check sources in cluster.yaml'
  fi
  sync "$path.new"
  mv -f "$path.new" "$path"
}
