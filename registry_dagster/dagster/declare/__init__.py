"""What is declared above an asset: feature table, partitions, column schema, unpinned."""
