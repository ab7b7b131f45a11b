"""Sweeps over guidance and solvers: resumable points, fronts of quality, diversity and cost."""
