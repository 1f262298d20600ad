"""Starts a feeder node for a test: the program on the host, or the image in QEMU. Both print the name
of a pty and keep their counters in a file."""
import os
import pathlib
import re
import subprocess
import tty

BIN = pathlib.Path(os.environ["BUSBAR_BIN_DIR"])
IMAGES = pathlib.Path(os.environ["NODE_IMAGE_DIR"])


class Node:
    """A running node. path is its serial line. Use as a context manager."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"/dev/pts/\d+", line)
        if not found:
            self.kill()
            raise AssertionError(f"{command[0]} named no pty: {line}")
        self.path = found.group()
        self.held = os.open(self.path, os.O_RDWR | os.O_NOCTTY)  # clients may come and go
        tty.setraw(self.held)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        os.close(self.held)

    def kill(self):
        """The power goes."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def host_node(memory):
    return Node([str(BIN / "busbar-node"), str(memory)])


def qemu_node(memory, image="node-qemu.elf", more=()):
    return Node(["qemu-system-arm", "-M", "netduinoplus2", "-nographic", "-monitor", "none",
                 "-kernel", str(IMAGES / image),
                 "-semihosting-config", f"enable=on,target=native,arg={memory}",
                 "-chardev", "pty,id=line", "-serial", "chardev:line", *more])
