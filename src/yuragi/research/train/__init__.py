"""The recipe of the shipped portrait model: data, autoencoder, denoiser, and the judge of both."""
