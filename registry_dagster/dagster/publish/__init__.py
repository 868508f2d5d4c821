"""One run of the publish job: config, targets, recheck, job, events."""
