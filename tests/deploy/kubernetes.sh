#!/bin/sh
# Builds the Kubernetes files with the Kustomize inside kubectl, and holds what comes out against the schemas of Kubernetes.
#
#   kubernetes.sh               checks base, example and every component together, for the oldest version that we support and the newest known
#   kubernetes.sh print FOLDER  prints what Kustomize makes of a folder, by its path in the project
#
# Needs no cluster. kubectl from PATH where it can build the files, else the one that scripts/test-deps.sh brings.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
tools=$root/tests/wallets/.venv/bin
OLDEST=1.30
cd "$root"
fail() {
  echo "kubernetes.sh: $*" >&2
  exit 1
}

if [ -x "$tools/kubectl" ]; then kubectl=$tools/kubectl; else kubectl=kubectl; fi
# Nobody's cluster is asked for anything.
build() { KUBECONFIG=/dev/null "$kubectl" kustomize "$1"; }

if [ "${1:-}" = print ]; then
  build "$2"
  exit 0
fi

command -v "$kubectl" >/dev/null 2>&1 && [ -x "$tools/kubernetes-validate" ] || fail "kubectl or kubernetes-validate is missing; run make test-deps"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for what in deploy/kubernetes/base deploy/kubernetes/example tests/deploy/kubernetes; do
  build "$what" >"$folder/all.yaml" 2>"$folder/err" || fail "$what: $(cat "$folder/err")"
  # Such as a field that Kustomize is about to drop.
  [ ! -s "$folder/err" ] || fail "$what: $(cat "$folder/err")"
  "$tools/kubernetes-validate" --strict --quiet -k "$OLDEST" "$folder/all.yaml" || fail "$what is not what Kubernetes $OLDEST reads"
  "$tools/kubernetes-validate" --strict --quiet "$folder/all.yaml" || fail "$what is not what the newest Kubernetes reads"
done
echo "kubernetes.sh: the manifests are sound"
