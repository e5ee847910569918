"""Training: one loop for all kinds of model, on one process or many, that resumes exactly."""
