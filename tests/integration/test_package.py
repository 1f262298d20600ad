#!/usr/bin/python3
"""The Debian package: builds, says what it needs, holds what a box needs, and works from where it was
unpacked."""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(os.environ["BUSBAR_BIN_DIR"]).parent / "package"


def run(*command, env=None, code=0):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=540, env=env)
    assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deb = run(ROOT / "tools" / "package", FOLDER).splitlines()[-1]

    def test_it_says_what_it_needs(self):
        said = run("dpkg-deb", "-f", self.deb)
        self.assertIn("Package: busbar\n", said)
        needs = next(line for line in said.splitlines() if line.startswith("Depends:"))
        for library in ("libc6", "libmicrohttpd", "libmodbus5", "libpaho-mqtt1.3", "libsqlite3-0",
                        "libsystemd0", "libyaml-0-2", "libzstd1", "adduser", "tzdata"):
            self.assertIn(library, needs)

    def test_it_holds_what_a_box_needs(self):
        rows = {line.split()[5]: line.split() for line in run("dpkg-deb", "-c", self.deb).splitlines()}
        for path, mode in (("usr/bin/busbard", "-rwxr-xr-x"), ("usr/bin/busbar", "-rwxr-xr-x"),
                           ("usr/lib/systemd/system/busbard.service", "-rw-r--r--"),
                           ("etc/busbar/site.yaml.example", "-rw-r--r--"),
                           ("usr/share/busbar/profiles/acrel-adl400.yaml", "-rw-r--r--"),
                           ("usr/share/busbar/tariffs/henan-2024.yaml", "-rw-r--r--"),
                           ("usr/share/doc/busbar/operations.md", "-rw-r--r--"),
                           ("usr/share/doc/busbar/copyright", "-rw-r--r--")):
            self.assertEqual(rows[f"./{path}"][0], mode, path)
        self.assertEqual({row[1] for row in rows.values()}, {"root/root"})
        self.assertFalse([path for path in rows if "/debian/" in path or "service.in" in path])
        with tempfile.TemporaryDirectory(prefix="busbar-deb-") as folder:
            run("dpkg-deb", "-e", self.deb, folder)
            for script in ("postinst", "prerm", "postrm"):
                path = pathlib.Path(folder) / script
                self.assertEqual(path.stat().st_mode & 0o777, 0o755, script)
                run("sh", "-n", path)
            self.assertEqual((pathlib.Path(folder) / "conffiles").read_text(), "/etc/busbar/site.yaml.example\n")

    def test_it_works_from_where_it_was_unpacked(self):
        with tempfile.TemporaryDirectory(prefix="busbar-deb-") as folder:
            run("dpkg-deb", "-x", self.deb, folder)
            root = pathlib.Path(folder)
            env = {**os.environ, "BUSBAR_DATA_DIR": str(root / "usr/share/busbar")}
            example = root / "etc/busbar/site.yaml.example"
            said = run(root / "usr/bin/busbard", "--config", example, "--check", env=env)
            self.assertIn("site my-works", said)
            said = run(root / "usr/bin/busbar", "check", root / "usr/share/busbar/sites/demo.yaml", env=env)
            self.assertIn("site tianxi", said)
            unit = (root / "usr/lib/systemd/system/busbard.service").read_text()
            self.assertIn("ExecStart=/usr/bin/busbard --config /etc/busbar/site.yaml\n", unit)


if __name__ == "__main__":
    unittest.main()
