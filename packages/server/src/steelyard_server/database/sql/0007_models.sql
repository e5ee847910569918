-- What was found of each model: its last run of a kind, however many others came since.

CREATE INDEX run_subject_kind ON steelyard.run (project_id, subject, kind, pushed_at DESC, id DESC);
