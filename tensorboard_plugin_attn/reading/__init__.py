"""Files → records, series and studies, for notebooks and for the tab."""
