"""Video files as a source of training clips: found, examined, decoded in processes of their own, cropped."""
