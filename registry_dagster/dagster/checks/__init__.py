"""Asset checks on `registry/<dataset>`: what a person should know of published versions. They run when launched."""
