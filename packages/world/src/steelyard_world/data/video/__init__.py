"""Video files as a source of training clips: found, inspected, decoded in separate processes, cropped."""
