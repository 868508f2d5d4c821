"""What follows from published records: compatibility, joins, comparable embeddings. Reads no store and no table."""
