"""Sweeps over guidance and solvers: resumable points, and fronts of quality, diversity and cost."""
