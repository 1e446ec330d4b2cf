"""The sections of the page: overview, funnel, components, negatives, judge, refused rows."""
