"""Where materialization versions come from: CAVE, neuPrint, a file. A source is imported and asked only on request."""
