"""Answers that are lists: rows to print, iterate and hand to a data frame."""
