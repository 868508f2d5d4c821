"""A real pipeline on real data: five DA1 projection neurons of the hemibrain."""
