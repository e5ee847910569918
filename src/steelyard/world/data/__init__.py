"""Where frames come from: video files and simulated worlds."""
