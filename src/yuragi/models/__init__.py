"""Models: their names, loading, and the conversion to a denoiser and a codec."""
