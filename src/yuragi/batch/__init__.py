"""Run thousands of requests from one manifest, safely even if the process is killed at any moment.

    from yuragi.batch.run import run_batch
    from yuragi.batch.settings import Batch

    done = run_batch(Batch(manifest="edits.jsonl", output="edited"))
    print(done.pace.made, done.pace.failed)

The rows of the manifest are requests (`yuragi.tasks`); their options are not defined again here.
`docs/batch.md` describes manifests, results and engines.

1. `manifest` reads rows, `check` makes complete requests of all of them before a model is loaded.
2. `plan` names their results by content and groups rows that can share device batches.
3. An engine (`engines`) processes the groups: in this process, on a cluster, or by a service.
4. `store` stores each result completely or not at all.
"""
