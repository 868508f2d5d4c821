"""Tables in forms that registry-dagster does not read: what their publisher says of them, and a state."""
