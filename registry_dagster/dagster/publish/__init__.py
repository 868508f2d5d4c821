"""One run of the publish job: config, frozen tables, recheck, job, events, report."""
