"""The commands of the research tools, such as `yuragi bench` and `yuragi train`."""
