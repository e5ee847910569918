"""The choice: which is the cheapest of several candidates that meets a target on a suite? One asked after another."""
