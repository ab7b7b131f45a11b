"""The commands of the research tools: `yuragi bench | lab | train`."""
