"""Jobs that survive: a queue of requests in a database, workers that run them, and an HTTP API.

    yuragi serve          # the API and one worker, on http://127.0.0.1:8420
    yuragi worker         # one more worker, wherever it sees the database and the store of pictures

A job is a request (`yuragi.tasks`); nothing about an option is written a second time here. The job
table is the truth: the API writes what people want into it, a worker writes what came of it.
`docs/service.md` describes it for users and operators.
"""
