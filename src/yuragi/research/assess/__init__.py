"""Assessments other than quality: bias, stability, reproducibility and sensitivity to settings."""
