"""How people reach a published table: code that reads its pinned state, and who signs links to it. Reads nothing."""
