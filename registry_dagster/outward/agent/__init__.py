"""An assistant's tools: the registry's questions over the Model Context Protocol. No tool writes."""
