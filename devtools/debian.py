"""Debian packages, unpacked without root into a folder of the user's cache.

The mirror is the one that this machine's apt uses. What it says is believed only when
Debian's signature on the index is good and every file has the hash of that index.
"""

import hashlib
import lzma
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from .console import DevError, Progress, say, step
from .paths import cache
from .processes import check

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
TIMEOUT = 60


def mirrors():
    """Return the archive addresses in apt's settings, without the security ones."""
    if not shutil.which("apt-get"):
        return []
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    usable = (u for u in found if u.startswith("http") and "security" not in u)
    return list(dict.fromkeys(usable))


def fetch(url, name=None, total=0):
    """Return the bytes at `url`; with a name, the progress is shown."""
    progress = Progress(name, total) if name else None
    chunks = []
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
        while chunk := answer.read(1 << 18):
            chunks.append(chunk)
            if progress:
                progress.advance(len(chunk))
    return b"".join(chunks)


def _signed(inrelease):
    """Return the text of an InRelease file, its signature checked where possible."""
    gpgv = shutil.which("gpgv")
    if not gpgv or not Path(KEYRING).exists():
        say("    (Debian's signature is not checked: gpgv or debian-archive-keyring is missing)")
        return inrelease.decode()
    with tempfile.NamedTemporaryFile(dir=cache("tmp").parent) as handle:
        handle.write(inrelease)
        handle.flush()
        command = [gpgv, "--keyring", KEYRING, "--output", "-", handle.name]
        done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise DevError(
            "Debian's index has no good signature: apt-get install debian-archive-keyring,"
            " or set ODOO_HOME to a copy of Odoo 19"
        )
    return done.stdout.decode()


def _hash_of(release, path):
    section = release.partition("SHA256:")[2]
    for line in section.splitlines()[1:]:
        if not line.startswith(" "):
            break
        sha, _size, name = line.split()
        if name == path:
            return sha
    raise DevError(f"Debian's index does not list {path}: set ODOO_HOME to a copy of Odoo 19")


def _verified(data, sha, name):
    if hashlib.sha256(data).hexdigest() != sha:
        raise DevError(f"{name} arrived damaged: run the command again")
    return data


def packages(mirror, suite, names):
    """Return the index entries of these packages of a suite, by name."""
    base = f"{mirror}dists/{suite}/"
    release = _signed(fetch(base + "InRelease"))
    path = "main/binary-all/Packages.xz"
    data = _verified(fetch(base + path), _hash_of(release, path), path)
    found = {}
    for block in lzma.decompress(data).decode().split("\n\n"):
        if block.startswith("Package: ") and block[9:].partition("\n")[0] in names:
            fields = (line.partition(": ") for line in block.splitlines() if ": " in line)
            entry = {key: value for key, _sep, value in fields}
            found[entry["Package"]] = entry
    if missing := set(names) - set(found):
        raise DevError(f"Debian {suite} has no {', '.join(sorted(missing))}: set ODOO_HOME")
    return found


def unpack(mirror, entry, root):
    """Download one package and unpack it into `root`."""
    name = f"{entry['Package']} {entry['Version']}"
    data = fetch(mirror + entry["Filename"], name, int(entry["Size"]))
    _verified(data, entry["SHA256"], name)
    with tempfile.TemporaryDirectory(dir=cache("tmp").parent) as folder:
        deb = Path(folder, "package.deb")
        deb.write_bytes(data)
        if shutil.which("dpkg-deb"):
            check(["dpkg-deb", "-x", deb, root], f"{name} cannot be unpacked")
        else:
            _unpack_by_hand(data, Path(folder), root)


def _unpack_by_hand(data, folder, root):
    """Unpack a .deb, which is an `ar` archive with the files in data.tar.*."""
    position = 8
    while position < len(data):
        header = data[position : position + 60]
        size = int(header[48:58])
        name = header[:16].decode().strip().rstrip("/")
        position += 60
        if name.startswith("data.tar"):
            archive = folder / name
            archive.write_bytes(data[position : position + size])
            Path(root).mkdir(parents=True, exist_ok=True)
            check(["tar", "-xf", archive, "-C", root], f"{name} cannot be unpacked")
            return
        position += size + size % 2
    raise DevError("this is no Debian package: run the command again")


def reachable():
    """Return the first mirror that carries Debian unstable, or None."""
    for mirror in mirrors():
        try:
            fetch(f"{mirror}dists/unstable/Release")
        except (urllib.error.URLError, OSError):
            continue
        return mirror
    return None


def install(root, wanted):
    """Unpack `wanted` ({suite: names}) into `root`; return False without a mirror."""
    mirror = reachable()
    if not mirror:
        return False
    for suite, names in wanted.items():
        step(f"Reading the package index of Debian {suite}")
        try:
            for entry in packages(mirror, suite, names).values():
                unpack(mirror, entry, root)
        except (urllib.error.URLError, OSError) as error:
            raise DevError(f"the download failed ({error}): run the command again") from error
    return True
