"""D1, the claim retest: does the served model reach the score that the vendor printed? A sequential, exact test."""
