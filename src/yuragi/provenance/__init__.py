"""Content credentials: signed statements in picture files about who made them, from what and how.

They are manifests of C2PA (the Coalition for Content Provenance and Authenticity), written and read
by the optional package c2pa-python (extra ``c2pa``). A manifest lists assertions, the input
pictures (ingredients, with their own credentials), and a digest of the file, under one signature.

Files come from strangers, and the library's native code has crashed on altered ones. So it runs
only in child processes with limits on memory and time (`yuragi.provenance.child`).
"""
