"""Share one notebook's grid between two Slurm jobs, kill one, and see the record complete.

python -m tests.slurm

A copy of the project, with that notebook alone and small parameters, is run with the Snakemake
profile `reproduce/profiles/slurm`. Two jobs claim members of the grid; one is killed with SIGKILL
when both have recorded some, and Snakemake submits it again. Then the record is collected, and
the page that draws from it is rendered by jobs of the same Slurm.
"""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.copies import ROOT
from tests.slurm.cluster import Cluster, install, wait_for

NOTEBOOK, PROFILE = "foundations/jensen_shannon", "laptop"
SEEDS = 10
PARAMETERS = {"profile": PROFILE, "sizes": [32], "draws": 8000, "seeds": list(range(SEEDS))}
MEMBERS = 4 * SEEDS  # two noises, two dropouts
BEFORE = 3  # members that each job has recorded when one is killed
SHARED = [f"_build/shared/{job}/{PROFILE}/{NOTEBOOK}.ipynb" for job in ("one", "two")]
PAGE = f"_build/html/notebooks/{NOTEBOOK}.html"
OPTIONS = [
    *("--slurm-status-command", "squeue"),  # there is no accounting to ask
    *("--slurm-init-seconds-before-status-checks", "5"),
]


def files() -> list[Path]:
    """Return the files of the project, but for other notebooks and the record."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    notebook = Path("notebooks", f"{NOTEBOOK}.ipynb")
    return [
        path
        for path in map(Path, filter(None, listed.split("\0")))
        if (ROOT / path).is_file()
        and (path.parts[0] not in ("notebooks", "results") or path == notebook)
    ]


def lay_out(folder: Path) -> Path:
    """Return a committed copy of the project that has one notebook and no record."""
    for path in files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    shutil.copy(ROOT / "tests" / "slurm" / "Snakefile", folder / "trial.smk")
    (folder / "results").mkdir()
    parameters = folder / "notebooks" / f"{NOTEBOOK}.{PROFILE}.yaml"
    parameters.write_text(json.dumps(PARAMETERS))  # which is YAML as well
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: notebooks/{NOTEBOOK}\n")
    settings = ("user.name=trial", "user.email=trial", "commit.gpgsign=false")
    git = ["git", "-C", str(folder), *(word for one in settings for word in ("-c", one))]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "A trial"]):
        subprocess.run([*git, *command], check=True)
    return folder


class Trial:
    """The copy of the project on a Slurm.

    Args:
        project: Its folder.
        cluster: The Slurm.
    """

    def __init__(self, project: Path, cluster: Cluster) -> None:
        self.project, self.cluster = project, cluster
        self.log = project / "snakemake.log"

    @contextmanager
    def python(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a Python program in the copy with the copy's own packages, and see it end well."""
        own = {"PYTHONPATH": str(self.project), "OMP_WAIT_POLICY": "PASSIVE"}
        with self.log.open("a") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=self.project,
                env={**self.cluster.environment, **own},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
            expect(process.wait() == 0, f"{' '.join(command[:2])} failed")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

    def snakemake(self, *targets: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """Run Snakemake as on a cluster."""
        profile = ["--workflow-profile", "reproduce/profiles/slurm"]
        command = ["-m", "snakemake", "--snakefile", "trial.smk", *profile, *OPTIONS]
        return self.python(*command, "--config", f"profile={PROFILE}", "--", *targets)

    def runs(self) -> dict[str, list[str]]:
        """Return the members that each run has recorded."""
        found = {}
        for path in self.project.glob(f"_build/runs/{PROFILE}/{NOTEBOOK}/*/run.json"):
            members = json.loads(path.read_text())["members"]
            found[path.parent.name] = [json.dumps(entry["member"]) for entry in members]
        return found

    def writer(self, run: str) -> tuple[int, str]:
        """Return the process that writes a run, and the Slurm job it belongs to."""
        said = (self.project / "_build" / "locks" / f"{run}.lock").read_text()
        process = int(said.split()[1])
        environment = Path(f"/proc/{process}/environ").read_text().split("\0")
        (job,) = (word[13:] for word in environment if word.startswith("SLURM_JOB_ID="))
        return process, job

    def share(self) -> None:
        """Share the grid between two jobs, of which one is killed."""
        with self.snakemake(*SHARED) as graph:
            self._kill_one(graph)

    def _kill_one(self, graph: subprocess.Popen[bytes]) -> None:
        def both() -> bool:
            expect(graph.poll() is None, "Snakemake ended before a job could be killed")
            return sum(len(members) >= BEFORE for members in self.runs().values()) == 2

        wait_for(both, "two jobs that record members")
        run, other = sorted(self.runs())
        (process, job), (_, beside) = self.writer(run), self.writer(other)
        print(f"jobs {job} and {beside} share the {MEMBERS} members of {NOTEBOOK}")
        self.cluster.ask("scancel", "--signal=KILL", "--full", job)
        wait_for(
            lambda: not Path(f"/proc/{process}").exists(), "the end of the killed process", 60
        )
        kept = self.runs()
        total = sum(map(len, kept.values()))
        expect(total < MEMBERS, "all members were on record before the kill")
        print(f"killed job {job} after {len(kept[run])} of its members, {total} in all")

    def check(self) -> None:
        """Check that the record is complete, and how jobs ended."""
        jobs = {
            n: state for n, (state, comment) in self.cluster.jobs().items() if "shared" in comment
        }
        print("jobs:", ", ".join(f"{number} {state}" for number, state in sorted(jobs.items())))
        ended = Counter(jobs.values())
        expect(ended["COMPLETED"] == 2 and ended.total() == 3, "not one job of three was killed")
        expect(all((self.project / path).exists() for path in SHARED), "a notebook is missing")
        members = [member for run in self.runs().values() for member in run]
        expect(len(members) == len(set(members)) == MEMBERS, "not each member is there once")
        left = list((self.project / "_build" / "runs").rglob(".*"))
        left += (self.project / "_build" / "locks").glob("*")
        expect(not left, f"left over: {left}")
        shares = " + ".join(str(len(run)) for _, run in sorted(self.runs().items()))
        print(f"on record: {shares} = {MEMBERS} members, each once")

    def show(self) -> None:
        """Collect the record and render the page."""
        collect = "assert record.collect(); assert not record.problems()"
        with self.python("-c", f"from reproduce import record; {collect}"):
            pass
        with self.snakemake(PAGE):
            pass
        page = (self.project / PAGE).read_text()
        source = f"{PROFILE} profile, {SEEDS} seeds"
        expect(source in page, f"the page does not say {source!r}")
        pictures = len(re.findall(r'<img [^>]*src="[^"]*_images/', page))
        expect(pictures > 0, "the page has no figure")
        print(f"rendered: {PAGE}, {pictures} figures, drawn from '{source}'")


def expect(condition: bool, otherwise: str) -> None:
    """Raise unless a condition holds."""
    if not condition:
        raise RuntimeError(otherwise)


def main() -> None:
    """Run the trial; a failed one keeps its folder."""
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        sys.exit("The executor is not here: pip install -c constraints.txt -e '.[cluster]'")
    install()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that daemons end, too
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    try:
        project = lay_out(folder / "project")
        with Cluster(folder / "slurm") as cluster:
            print(f"{cluster.ask('sinfo', '--version')}, one node")
            trial = Trial(project, cluster)
            trial.share()
            trial.check()
            trial.show()
    except Exception as error:
        log = folder / "project" / "snakemake.log"
        tail = log.read_text().splitlines()[-30:] if log.exists() else []
        sys.exit("\n".join([*tail, f"failed: {error}", f"All logs are in {folder}"]))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
