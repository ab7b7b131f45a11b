"""A small class-conditional model of Fashion-MNIST, and a weaker sibling for autoguidance."""
