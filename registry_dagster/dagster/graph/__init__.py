"""What else is in the asset graph: external assets, and the materializations asset."""
