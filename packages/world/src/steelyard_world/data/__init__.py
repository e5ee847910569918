"""Sources of training clips: video files and simulated worlds."""
