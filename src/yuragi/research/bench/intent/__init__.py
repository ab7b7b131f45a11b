"""Whether the intent score ranks true results above damaged ones."""
