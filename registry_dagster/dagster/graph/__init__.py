"""What else is in the asset graph: external assets, the materializations asset, checks."""
