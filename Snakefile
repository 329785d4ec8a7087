# The graph: notebook + parameter file -> executed notebook -> book.
#
# An output is stale when the hash of what it follows from has changed, whatever the file times:
# the hashes are written to _build/fingerprints, each file only when its hash is new.

import sys
from pathlib import Path

sys.path.insert(0, workflow.basedir)
from reproduce import fingerprint, notebooks

ROOT = Path.cwd()
PYTHON = sys.executable
PROFILE = config.get("profile", "smoke")
UNTIL = f"--until {config['until']}" if config.get("until") else ""
SMOKE = notebooks.names(ROOT)
try:
    CHOSEN = notebooks.select(ROOT, profile=PROFILE, only=config.get("only", ""))
except ValueError as error:
    raise WorkflowError(str(error))

if workflow.is_main_process:
    for profile, names in {"smoke": SMOKE, PROFILE: CHOSEN}.items():
        for name in names:
            fingerprint.refresh(
                fingerprint.of_run(ROOT, name, profile),
                fingerprint.of_notebook(ROOT, name, profile),
            )
    fingerprint.refresh(ROOT / "_build" / "fingerprints" / "book", fingerprint.of_book(ROOT))


wildcard_constraints:
    profile=r"\w+",
    notebook=r"\w+/\w+",


localrules:
    book,
    smoke,
    reproduce,


rule book:
    input:
        "_build/book.done",


rule smoke:
    input:
        expand("_build/executed/smoke/{notebook}.ipynb", notebook=SMOKE),


rule reproduce:
    input:
        expand("_build/executed/{profile}/{notebook}.ipynb", profile=PROFILE, notebook=CHOSEN),


rule execute:
    input:
        "_build/fingerprints/{profile}/{notebook}",
    output:
        "_build/executed/{profile}/{notebook}.ipynb",
    threads: lambda w: notebooks.needs(w.notebook, w.profile)["threads"]
    resources:
        mem_mb=lambda w: notebooks.needs(w.notebook, w.profile)["mem_mb"],
        runtime=lambda w: notebooks.needs(w.notebook, w.profile)["runtime"],
        gpu=lambda w: notebooks.needs(w.notebook, w.profile)["gpu"],
    message:
        "Running {wildcards.notebook} at the profile {wildcards.profile}"
    shell:
        "OMP_NUM_THREADS={threads}"
        " {PYTHON:q} -m reproduce.execute {wildcards.notebook} {output} --profile {wildcards.profile} {UNTIL}"


rule render:
    input:
        "_build/fingerprints/book",
        rules.smoke.input,
    output:
        touch("_build/book.done"),
    params:
        notebooks=SMOKE,
    message:
        "Rendering the book"
    shell:
        "{PYTHON:q} -m reproduce.render {params.notebooks}"
