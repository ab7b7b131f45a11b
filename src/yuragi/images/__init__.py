"""Pictures: reading, resizing, conversion to tensors, and PNG files that contain a request."""
