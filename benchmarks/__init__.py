"""What sfnb costs on this computer: `python -m benchmarks`, or `make bench`.

    workloads.py → measure.py (a fresh process each) → results.py → a table, JSON, docs/benchmarks.md

`machines.py` has the definitions that are run, `ground.py` what they are run on: a store, a folder.
`running.py`, `footprint.py` and `around.py` do the work that is measured. `perf_adapter.py` has nothing to do
with any of it: it plugs sfnb into a runner that compares engines.
"""
