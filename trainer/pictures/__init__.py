"""The confusion matrix and the analysis picture."""
