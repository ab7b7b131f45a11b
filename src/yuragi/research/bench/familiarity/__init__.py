"""Which pictures a portrait model knows: alarms on held-out portraits and on foreign pictures."""
