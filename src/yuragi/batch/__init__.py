"""Thousands of requests from one manifest, which a kill at any moment does not spoil.

    from yuragi.batch.run import run_batch
    from yuragi.batch.settings import Batch

    done = run_batch(Batch(manifest="edits.jsonl", output="edited"))
    print(done.pace.made, done.pace.failed)

The rows of the manifest are requests (`yuragi.tasks`); nothing about an option is written a second
time here. `docs/batch.md` describes manifests, results and engines.

1. `manifest` reads rows, `check` makes complete requests of all of them before a model is loaded.
2. `plan` names their results by content and groups rows that can share device batches.
3. An engine (`engines`) does the groups: in this process, on a cluster, or by a service.
4. `store` keeps results, each of which is there whole or not at all.
"""
