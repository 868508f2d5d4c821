"""Drafts of declarations: what tables there are, what their columns may mean, and files that people review."""
