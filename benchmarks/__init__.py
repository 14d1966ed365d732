"""What sfnb costs on this computer: `python -m benchmarks`, or `make bench`.

`workloads.py` says what is measured, `__main__.py` measures it. `perf_adapter.py` has nothing to do with
either: it plugs sfnb into a runner that compares engines.
"""
