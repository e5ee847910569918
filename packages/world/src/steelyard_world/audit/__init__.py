"""World models in an audit: the model, the questions, and scorers that replay its actions in the true world."""
