"""The public drag benchmarks DragBench-S, -D, -SR and -DR, read from a user's own copy."""

from yuragi.research.bench.dragbench.sets import Sample, read_sets
from yuragi.research.bench.dragbench.unpickle import UnsafePickleError, read_pickle

__all__ = ["Sample", "UnsafePickleError", "read_pickle", "read_sets"]
