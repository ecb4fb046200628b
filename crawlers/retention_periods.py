"""How long what was collected is kept."""

import datetime as dt

DOCUMENTS_KEPT = dt.timedelta(days=180)
RAW_RESPONSES_KEPT = dt.timedelta(days=7)
EVIDENCE_KEPT = dt.timedelta(days=730)
# A page still on its list must not come back as new the day after its text was deleted.
FRONTIER_KEPT = dt.timedelta(days=730)
COVERAGE_KEPT = dt.timedelta(days=730)
