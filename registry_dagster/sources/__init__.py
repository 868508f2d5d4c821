"""Where materialization versions are learnt from: CAVE, neuPrint, a file. None is imported or asked unasked."""
