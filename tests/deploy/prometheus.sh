#!/bin/sh
# Holds deploy/prometheus against Prometheus' own tool: the form of its files, and when each alarm goes off and when it does not.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
if ! command -v promtool >/dev/null 2>&1; then
  echo "prometheus.sh: promtool is not here; run make test-deps" >&2
  exit 1
fi

cd "$root/deploy/prometheus"
promtool check config prometheus.yaml
promtool check rules alerts.yaml
promtool test rules alerts.test.yaml
echo "prometheus.sh: the scrape and the alarms are sound"
