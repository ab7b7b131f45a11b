"""What the project is measured and trained with. The product never imports it."""
