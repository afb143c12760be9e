"""What the tools need, under target/dmtf: their own Python environment, the schemas, the profiles. Made once, then found."""

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The source archive of OpenStack Ironic on PyPI holds its interoperability profiles; a wheel does not.
IRONIC = "39.0.0"


def environment(home):
    """A Python environment with the pinned tools; its interpreter."""
    python = home / "venv" / "bin" / "python"
    wanted = (HERE / "requirements.txt").read_text()
    stamp = home / "venv" / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(home / "venv", ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
        pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--requirement", HERE / "requirements.txt"], check=True)
        stamp.write_text(wanted)
    return python


def schemas(home):
    """A flat folder with every CSDL file; DMTF's own win over Swordfish's where both have one."""
    folder = home / "schemas"
    asked = ["cargo", "metadata", "--format-version", "1", "--locked", "--manifest-path", HERE / "schemas" / "Cargo.toml"]
    packages = json.loads(subprocess.run(asked, check=True, stdout=subprocess.PIPE).stdout)["packages"]
    crate = next(Path(it["manifest_path"]).parent for it in packages if it["name"] == "nv-redfish-schema")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for part in ["swordfish-csdl/csdl-schema", "redfish-csdl/csdl"]:
        for file in (crate / part).glob("*.xml"):
            shutil.copy(file, folder)
    return folder


def profiles(home, python):
    """Interoperability profiles by name: the path, or why there is none."""
    folder = home / "profiles"
    folder.mkdir(parents=True, exist_ok=True)
    ironic = folder / "OpenStackIronicProfile.v1_2_0.json"
    if not ironic.exists():
        from_archive(python, f"ironic=={IRONIC}", ironic)
    baseline = folder / "OCPBaselineHardwareManagement.v1_0_1.json"
    missing = f"in no package registry; put github.com/opencomputeproject/HWMgmt-OCP-Profiles' file at {baseline}"
    return {"OpenStackIronic 1.2.0": ironic, "OCPBaseline 1.0.1": baseline if baseline.exists() else missing}


def from_archive(python, package, file):
    """Takes one file out of a package's source archive."""
    download = file.parent / "download"
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "download", "--no-deps", "--no-binary", ":all:", "--dest", download, package], check=True)
    with tarfile.open(next(download.glob("*.tar.gz"))) as archive:
        member = next(it for it in archive.getmembers() if it.name.endswith("/" + file.name))
        file.write_bytes(archive.extractfile(member).read())
    shutil.rmtree(download)
