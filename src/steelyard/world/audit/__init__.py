"""World models in an audit: the model, its questions, and scorers that replay its actions in the true world."""
