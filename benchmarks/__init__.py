"""What sfnb costs on this computer: `python -m benchmarks`, or `make bench`.

    workloads.py → measure.py (a fresh process each) → results.py → a table, JSON, docs/benchmarks.md

`machines.py` has the definitions that are run, `ground.py` what they are run on: a store, a folder.
`running.py`, `footprint.py`, `around.py` and `server.py` do the work that is measured; `serving.py` has the
server's process and a client for it. `perf_adapter.py` has nothing to do with any of it: it plugs sfnb into a
runner that compares engines.
"""
