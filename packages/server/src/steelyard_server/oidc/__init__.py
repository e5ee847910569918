"""Single sign-on by OpenID Connect: one identity provider, whom the command line names."""
