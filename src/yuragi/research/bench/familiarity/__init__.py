"""Which pictures a portrait model knows, tested on held-out portraits and foreign pictures."""
