#!/usr/bin/env python3
"""Prints the software bill of materials of the program: CycloneDX 1.5, from `cargo metadata` alone.

What is built into the program for Linux is listed, build scripts and procedural macros included; what only the tests use is
not. cargo-cyclonedx would do as well, and takes minutes to install.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import uuid

TARGET = "x86_64-unknown-linux-gnu"


def checksums(lock):
    """Name and version of each package of Cargo.lock, to the SHA-256 of what was downloaded."""
    found = {}
    for block in lock.split("[[package]]")[1:]:
        fields = dict(re.findall(r'^(name|version|checksum) = "(.*)"$', block, re.M))
        if "checksum" in fields:
            found[fields["name"], fields["version"]] = fields["checksum"]
    return found


def run(folder, *arguments):
    command = ["cargo", *arguments, "--locked"]
    return subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def built(folder):
    """Name and version of each package that is compiled. `cargo metadata` also names what only unused features would want."""
    tree = run(folder, "tree", "--edges", "normal,build", "--target", TARGET, "--prefix", "none", "--format", "{p}")
    return {(line.split()[0], line.split()[1].removeprefix("v")) for line in tree.splitlines() if line}


def used(metadata, root, compiled):
    """The ids that the program is built of, each with those it names. Development dependencies are left out."""
    packages = {package["id"]: (package["name"], package["version"]) for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    edges, ahead = {}, [root]
    while ahead:
        one = ahead.pop()
        if one in edges:
            continue
        named = [
            dependency["pkg"]
            for dependency in nodes[one]["deps"]
            if packages[dependency["pkg"]] in compiled
            and any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])
        ]
        edges[one] = sorted(set(named))
        ahead.extend(named)
    return edges


def component(package, kind, hashes):
    purl = f"pkg:cargo/{package['name']}@{package['version'].replace('+', '%2B')}"
    entry = {"type": kind, "bom-ref": purl, "name": package["name"], "version": package["version"], "purl": purl}
    if package.get("description"):
        entry["description"] = " ".join(package["description"].split())
    if package.get("license"):
        # A slash between licences is how manifests said OR before SPDX.
        expression = re.sub(r"\s*/\s*", " OR ", package["license"])
        entry["licenses"] = [{"expression": expression}]
    if package["source"] and (package["name"], package["version"]) in hashes:
        entry["hashes"] = [{"alg": "SHA-256", "content": hashes[package["name"], package["version"]]}]
    if package.get("repository"):
        entry["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return entry


def main():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    metadata = json.loads(run(folder, "metadata", "--format-version", "1", "--filter-platform", TARGET))
    with open(os.path.join(folder, "Cargo.lock"), encoding="utf-8") as file:
        lock = file.read()
    hashes = checksums(lock)
    packages = {package["id"]: package for package in metadata["packages"]}
    root = metadata["resolve"]["root"]
    edges = used(metadata, root, built(folder))
    entries = {
        one: component(packages[one], "application" if one == root else "library", hashes) for one in edges
    }
    others = sorted((entries[one] for one in edges if one != root), key=lambda entry: entry["bom-ref"])
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # The same lock, the same bill: no date, and a serial number that follows from the lock.
        "serialNumber": f"urn:uuid:{uuid.UUID(bytes=hashlib.sha256(lock.encode()).digest()[:16], version=4)}",
        "version": 1,
        "metadata": {"component": entries[root]},
        "components": others,
        "dependencies": sorted(
            (
                {"ref": entries[one]["bom-ref"], "dependsOn": [entries[other]["bom-ref"] for other in named]}
                for one, named in edges.items()
            ),
            key=lambda entry: entry["ref"],
        ),
    }
    json.dump(bill, sys.stdout, indent=2, ensure_ascii=False)
    print()


main()
