"""The trainings: one module a stage, each with `build`, which `leo.training.job` calls."""
