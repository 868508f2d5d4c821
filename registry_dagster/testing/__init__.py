"""For tests: a stand-in for a DataHub server, with faults that can be called up."""
