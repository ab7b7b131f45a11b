"""The laboratory: guidance rules against the exact target of joint scaling, on known data."""
