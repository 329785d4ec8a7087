"""A Slurm of one node that lives in a folder: its configuration, keys, sockets and ports."""

import getpass
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PACKAGES = {  # of Debian, by the program that each is for
    "munged": "munge",
    "slurmctld": "slurmctld",
    "slurmd": "slurmd",
    "sbatch": "slurm-client",
}
PATIENCE = 300  # seconds; jobs start slowly on a loaded machine

# No control groups and no accounting database: both belong to a machine's administrator. Jobs are
# told what they may use, and nothing holds them to it; so four processors are said to be there
# whatever the machine has, and two jobs run side by side.
CONFIGURATION = """\
ClusterName=trial
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MinJobAge=3600
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=16000
PartitionName=all Nodes=node Default=YES
"""


def program(name: str) -> str | None:
    """Return where a program is; daemons are not on the path of every user."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def install() -> None:
    """Install the packages that are absent, or end and say how when that is not ours to do."""
    absent = [package for name, package in PACKAGES.items() if not program(name)]
    command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *absent]
    if not absent:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"Slurm is not here. On Debian, as root: {shlex.join(command)}")
    print(f"Installing {', '.join(absent)}", flush=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=True)
    subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=True)


def wait_for(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: It does not in time.
    """
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {patience:.0f} s in vain for {what}")
        time.sleep(0.1)


class Cluster:
    """The daemons of a Slurm, which run as this user while the context lasts.

    Args:
        folder: Where everything of theirs lies, in a temporary folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._daemons: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> Mapping[str, str]:
        """What programs need to find this Slurm and no other."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
        path = f"{self.folder}/bin:{own['PATH']}"
        return own | {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}

    def ask(self, *command: str) -> str:
        """Return what a command of Slurm prints."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        return done.stdout.strip()

    def jobs(self) -> dict[str, tuple[str, str]]:
        """Return state and comment of all jobs, ended or not, by their numbers."""
        lines = self.ask("squeue", "--noheader", "--states=all", "--format=%i|%T|%k").splitlines()
        found = (line.split("|") for line in lines)
        return {number: (state, comment) for number, state, comment in found}

    def __enter__(self) -> "Cluster":
        """Start the daemons and wait until the node is ready."""
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        self._lay_out()
        names = ("key", "pid", "log", "seed")
        munge = [f"--{name}-file={self.folder}/munge.{name}" for name in names]
        self._daemon("munged", "--foreground", f"--socket={self.folder}/munge.socket", *munge)
        wait_for((self.folder / "munge.socket").exists, "munged", 30)
        configured = "-D", "-f", str(self.folder / "slurm.conf")
        self._daemon("slurmctld", *configured)
        self._daemon("slurmd", *configured, "-N", "node")
        wait_for(lambda: self.ask("sinfo", "-h", "-o", "%T") == "idle", "the node", 60)

    def _lay_out(self) -> None:
        for name in ("state", "spool", "bin"):
            (self.folder / name).mkdir(parents=True)
        for folder in (self.folder, self.folder.parent):
            folder.chmod(0o711)  # munged wants a socket that everybody can reach
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(1024))
        host = socket.gethostname().split(".")[0]
        values = {"host": host, "user": getpass.getuser(), "folder": self.folder}
        text = CONFIGURATION.format(**values, ports=_free_ports(2))
        (self.folder / "slurm.conf").write_text(text)
        # The executor drops SLURM_CONF before it starts a step: elsewhere the file is in /etc.
        step = self.folder / "bin" / "srun"
        step.write_text(
            f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {program("srun")} "$@"\n'
        )
        step.chmod(0o755)

    def _daemon(self, name: str, *options: str) -> None:
        with (self.folder / f"{name}.log").open("w") as log:
            command = [program(name) or name, *options]
            process = subprocess.Popen(
                command, stdout=log, stderr=log, env=self.environment, start_new_session=True
            )
        self._daemons.append(process)

    def __exit__(self, *_: object) -> None:
        """End the jobs, then the daemons."""
        if len(self._daemons) > 1:
            self.ask("scancel", "--signal=KILL", "--full", "--user", getpass.getuser())
            self.ask("scancel", "--user", getpass.getuser())
            end = time.monotonic() + 30
            while self.ask("squeue", "--noheader") and time.monotonic() < end:
                time.sleep(0.2)
        for process in reversed(self._daemons):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._daemons.clear()


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
