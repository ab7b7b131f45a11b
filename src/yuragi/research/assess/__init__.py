"""What a team asks beside quality: bias, stability, reproducibility, and what a result hangs on."""
