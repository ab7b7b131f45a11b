"""Photographs bent by known smooth maps: how well a drag finds the map from a few of its points."""
