"""The laboratory: compare guidance rules with the exact target of joint scaling, on known data."""
