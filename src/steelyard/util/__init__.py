"""Small tools that know nothing of evaluation: texts, files, very many numbers in a few bytes each."""
