"""Jobs that survive: a queue of requests in a database, workers that run them, and an HTTP API.

    yuragi serve          # the API and one worker, on http://127.0.0.1:8420
    yuragi worker         # one more worker, anywhere with access to the database and the store

A job is a request (`yuragi.tasks`); its options are not defined again here. The job table is the
authoritative record: the API writes the requests of clients into it, and a worker writes the
outcomes. `docs/service.md` describes it for users and operators.
"""
