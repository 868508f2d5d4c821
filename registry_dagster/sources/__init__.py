"""What upstream systems say, in their own words: CAVE, neuPrint, a file. Imported and asked only on request."""
