"""The built files of the studio, which `web/` makes and the service serves."""
