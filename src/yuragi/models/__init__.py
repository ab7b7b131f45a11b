"""Models: their names, how they are opened, and the denoiser and codec that come out."""
