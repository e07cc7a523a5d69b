#!/bin/sh
# Installs Debian packages, when that is possible without asking anybody: apt.sh PACKAGE...
# Exits 1, with one line, when it is not.
set -eu

if ! command -v apt-get >/dev/null 2>&1; then
  echo "apt: no apt-get here to install: $*" >&2
  exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
  as_root() { env DEBIAN_FRONTEND=noninteractive "$@"; }
elif sudo -n true 2>/dev/null; then
  as_root() { sudo -n env DEBIAN_FRONTEND=noninteractive "$@"; }
else
  echo "apt: not root, and sudo would ask for a password; run: sudo apt-get install $*" >&2
  exit 1
fi

# The log goes to standard error: what calls this may print a result of its own.
{
  as_root apt-get -qq update || echo "apt: the package lists could not be renewed, going on with the old ones"
  for package in "$@"; do
    # Nobody here wants a server on :5432 as a side effect; postgresql-common decides that, so it comes first.
    if [ "$package" = postgresql ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
      as_root apt-get -qq -y install --no-install-recommends postgresql-common
      as_root sed -i 's/^#* *create_main_cluster *=.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    fi
    # Prometheus is wanted for promtool. Its package would start a server on :9090, now and at each boot;
    # whoever wants that one day says `systemctl unmask prometheus`.
    if [ "$package" = prometheus ] && [ ! -e /etc/systemd/system/prometheus.service ]; then
      as_root mkdir -p /etc/systemd/system
      as_root ln -s /dev/null /etc/systemd/system/prometheus.service
    fi
  done
  as_root apt-get -qq -y install --no-install-recommends "$@"
} >&2
